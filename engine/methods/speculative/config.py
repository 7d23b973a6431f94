"""Settings of speculative decoding; imports neither Qt nor torch."""

from typing import Annotated

from msgspec import Meta

from engine.decoding.tree_widths import read_widths
from engine.settings import ChatConfig

_REPEATS = (
    "timed repeats: each is one run of the method and one of plain decoding, from the same prompt. "
    "Five make a median with an interval; each takes about twice the run or more. The run on show comes first "
    "and is in none of them"
)
_TREE = (
    "draft a tree in place of a chain: how many nodes it has at each depth, 4,8,8 for instance. "
    "Empty: a chain of γ tokens. The drafter must be able to branch"
)


class SpeculativeConfig(ChatConfig, frozen=True):
    """Settings of a speculative run. `repeats` are timed after the visible run."""

    gamma: Annotated[int, Meta(ge=1, le=64, title="Draft length γ", description="tokens proposed in a round")] = 4
    baseline: Annotated[bool, Meta(title="Measure plain too", description="time plain decoding in the same run")] = True
    repeats: Annotated[int, Meta(ge=1, le=1000, title="Repeats", description=_REPEATS)] = 5
    tree: Annotated[str, Meta(title="Draft tree", description=_TREE)] = ""

    def __post_init__(self) -> None:
        """Raises InputError for a text that describes no tree."""
        read_widths(self.tree)

    @property
    def widths(self) -> tuple[int, ...]:
        """How many nodes a draft has at each depth; empty for a chain of `gamma` tokens."""
        return read_widths(self.tree)

    @property
    def depth(self) -> int:
        """The most tokens of a draft that can be accepted in a round."""
        return len(self.widths) or self.gamma
