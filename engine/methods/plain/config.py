"""Settings of plain decoding; imports neither Qt nor torch."""

from engine.settings import GenerationConfig


class PlainConfig(GenerationConfig, frozen=True):
    """What a plain run is made with: nothing beyond what every generation needs."""
