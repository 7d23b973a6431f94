"""Settings of speculative decoding; imports neither Qt nor torch."""

from typing import Annotated

from msgspec import Meta

from engine.settings import ChatConfig

_REPEATS = (
    "timed repeats: each is one run of the method and one of plain decoding, from the same prompt. "
    "Five make a median with an interval; each takes about twice the run or more. The run on show comes first "
    "and is in none of them"
)


class SpeculativeConfig(ChatConfig, frozen=True):
    """Settings of a speculative run. `repeats` are timed after the visible run."""

    gamma: Annotated[int, Meta(ge=1, le=64, title="Draft length γ", description="tokens proposed in a round")] = 4
    baseline: Annotated[bool, Meta(title="Measure plain too", description="time plain decoding in the same run")] = True
    repeats: Annotated[int, Meta(ge=1, le=1000, title="Repeats", description=_REPEATS)] = 5
