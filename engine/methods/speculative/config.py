"""Settings of speculative decoding; imports neither Qt nor torch."""

from typing import Annotated

from msgspec import Meta

from engine.method import GenerationConfig


class SpeculativeConfig(GenerationConfig, frozen=True):
    """What a speculative run is made with. `repeats` counts pairs of timed blocks, the visible run among them."""

    gamma: Annotated[int, Meta(ge=1, le=64, title="γ", description="draft length: tokens proposed in a round")] = 4
    baseline: Annotated[bool, Meta(title="Measure plain decoding", description="time plain decoding beside it")] = True
    repeats: Annotated[int, Meta(ge=1, le=1000, title="Pairs", description="pairs of timed blocks")] = 5
