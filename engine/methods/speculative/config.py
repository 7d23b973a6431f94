"""Settings of speculative decoding; imports neither Qt nor torch."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from engine.decoding.tree_widths import read_widths
from engine.errors import InputError
from engine.settings import AcceptRule, ChatConfig, PolicyName, PolicySettings

_REPEATS = (
    "timed repeats: each is one run of the method and one of plain decoding, from the same prompt. "
    "Five make a median with an interval; each takes about twice the run or more. The run on show comes first "
    "and is in none of them"
)
_TREE = (
    "draft a tree in place of a chain: how many nodes it has at each depth, 4,8,8 for instance. "
    "Empty: a chain of γ tokens. The drafter must be able to branch"
)

_ACCEPT = (
    "how drafted tokens are accepted; each rule keeps the target's distribution, and they differ only in sampling from "
    "a drafter that draws. token: one by one; block: a chain as a whole, which accepts as many or more; in a tree, "
    "recursive: the children of a node one by one (as token does), traversal: whole paths (as block does)"
)
POLICY_HELP = (
    "what chooses the draft length of each round; the text stays the target's. fixed: always γ; best-s: the one "
    "with the largest predicted speedup S, or none at all; heuristic: two more after a draft that was accepted whole, "
    "one less otherwise, as transformers does; confidence: up to γ, ending where the drafter is unsure; saturation: "
    "as long as drafts were lately accepted; fallback: γ, or plain decoding where drafting does not pay; alpha-0.6: "
    "a popular rule, γ or plain decoding below an acceptance rate of 0.6, which is wrong for cheap drafters"
)
_MOST_GAMMA = "the longest draft that best-s, heuristic and saturation may choose"
_CONFIDENCE = (
    "of the policy confidence: a draft ends with the first token that the drafter gives less probability than this"
)
_MOST_IDS = "nothing is drafted once prompt and text have so many tokens; 0: no limit"
_LEAST_FREE = "nothing is drafted while less memory than this is free on the target's device, in MiB; 0: no limit"
LongestDraft: TypeAlias = Annotated[int, Meta(ge=1, le=64, title="Longest draft", description=_MOST_GAMMA)]
LeastConfidence: TypeAlias = Annotated[float, Meta(gt=0, le=1, title="Least confidence", description=_CONFIDENCE)]
DraftUntil: TypeAlias = Annotated[
    int, Meta(ge=0, title="Draft up to", description=_MOST_IDS, extra_json_schema={"zero": "no limit"})
]
LeastFree: TypeAlias = Annotated[
    int, Meta(ge=0, title="Leave free (MiB)", description=_LEAST_FREE, extra_json_schema={"zero": "no limit"})
]
_NO_TREE = "{0} is a rule for trees, and this draft is a chain"


class SpeculativeConfig(ChatConfig, frozen=True):
    """Settings of a speculative run. `repeats` are timed after the visible run."""

    gamma: Annotated[int, Meta(ge=1, le=64, title="Draft length γ", description="tokens proposed in a round")] = 4
    baseline: Annotated[bool, Meta(title="Measure plain too", description="time plain decoding in the same run")] = True
    repeats: Annotated[int, Meta(ge=1, le=1000, title="Repeats", description=_REPEATS)] = 5
    tree: Annotated[str, Meta(title="Branches at each step", description=_TREE)] = ""
    accept: Annotated[AcceptRule, Meta(title="Accept rule", description=_ACCEPT)] = "token"

    policy: Annotated[PolicyName, Meta(title="Policy", description=POLICY_HELP)] = "fixed"
    most_gamma: LongestDraft = 16
    confidence: LeastConfidence = 0.4
    draft_until: DraftUntil = 0
    least_free: LeastFree = 0

    def __post_init__(self) -> None:
        """Raises InputError for a text that describes no tree, and for what needs one or cannot have one."""
        if read_widths(self.tree) and self.policy == "confidence":
            raise InputError("policy = confidence: it ends a chain, and this draft is a tree", "choose another policy")
        if not read_widths(self.tree) and self.accept in ("recursive", "traversal"):
            rule = "block" if self.accept == "traversal" else "token"
            raise InputError(f"accept = {self.accept}: {_NO_TREE.format(self.accept)}", f"use {rule}, or draft a tree")

    @property
    def accept_rule(self) -> AcceptRule:
        """How drafted tokens are accepted."""
        return self.accept

    @property
    def draft_policy(self) -> PolicySettings:
        """How the draft length of each round is chosen."""
        return PolicySettings(self.policy, self.most_gamma, self.confidence, self.draft_until, self.least_free)

    @property
    def widths(self) -> tuple[int, ...]:
        """How many nodes a draft has at each depth; empty for a chain of `gamma` tokens."""
        return read_widths(self.tree)

    @property
    def depth(self) -> int:
        """The most tokens of a draft that can be accepted in a round."""
        return len(self.widths) or self.gamma
