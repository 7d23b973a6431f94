"""Settings of approximate verification; imports neither Qt nor torch."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from engine.settings import ChatConfig

TestedTokens: TypeAlias = Literal["last", "all"]

_GATE = (
    "auto: one that was trained for this pair, and where there is none the drafter's own probability; builtin, for the "
    "built-in pair; q: the drafter's own probability; or the folder of a gate"
)
_THRESHOLD = "the gate lets a drafted token through from this probability on; 0 lets all through, 1 next to none"
_TESTED = (
    "last: the target tests the last token of a run alone, as in the paper, and the text differs from its own; "
    "all: it tests the whole run, and the gate only ends drafts early"
)
_AUDIT = (
    "share of the tokens let through that are compared with the target afterwards. The comparison changes nothing in "
    "the text; it estimates how often the gate is wrong, and warns when it has grown worse than at its training"
)
_REPEATS = "timed repeats, each one run of the method and one of plain decoding from the same prompt, after the run"


class SprinterConfig(ChatConfig, frozen=True):
    """Settings of a run whose gate decides when the target is asked."""

    gate: Annotated[str, Meta(title="Gate", description=_GATE)] = "auto"
    threshold: Annotated[float, Meta(ge=0, le=1, title="Threshold", description=_THRESHOLD)] = 0.5
    cap: Annotated[
        int, Meta(ge=1, le=64, title="Longest run", description="drafted tokens before the target is asked")
    ] = 20
    tested: Annotated[TestedTokens, Meta(title="Tested by the target", description=_TESTED)] = "last"
    audit: Annotated[float, Meta(ge=0, le=1, title="Audited share", description=_AUDIT)] = 0.25
    baseline: Annotated[bool, Meta(title="Measure plain too", description="time plain decoding in the same run")] = True
    repeats: Annotated[int, Meta(ge=1, le=1000, title="Repeats", description=_REPEATS)] = 5
