"""Settings of plain decoding; imports neither Qt nor torch."""

from engine.settings import ChatConfig


class PlainConfig(ChatConfig, frozen=True):
    """Settings of a plain run: only those that every generation has."""
