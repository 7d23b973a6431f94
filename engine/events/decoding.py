"""What a run reports while it decodes; others import these events from `engine.events`.

* imports neither Qt nor torch. Ids are token ids of the target's vocabulary; times are seconds or milliseconds as their
suffix says."""

from typing import Literal, TypeAlias

from engine.events.base import SCHEMA, Event, Setting, Struct
from engine.prompts import Message

Fate: TypeAlias = Literal["accepted", "rejected", "untested", "unverified"]
LastKind: TypeAlias = Literal["correction", "bonus"]
StopReason: TypeAlias = Literal["length", "end_of_text", "context", "cancelled"]
Lane: TypeAlias = Literal["speculative", "plain"]
Phase: TypeAlias = Literal[
    "prefill", "loading", "training", "measuring", "tokenizing", "checking", "sampling", "embedding", "retrieving",
    "partitioning", "drafting", "verifying", "reading", "writing", "indexing", "tuning", "converting", "downloading",
    "waiting",
]  # fmt: skip
RuntimeName: TypeAlias = Literal["fused", "modules"]
DraftsThrough: TypeAlias = Literal["ids", "text"]


class Candidate(Struct, frozen=True):
    """One entry of a model's list of most probable next tokens."""

    id: int
    text: str
    prob: float


class ProposedToken(Struct, frozen=True):
    """A drafted token and its fate.

    p, q: probability under the target and the drafter (at temperature 0: softmax at temperature 1, for information).
    accept_prob: min(1, p/q) of the decision, 0 or 1 when greedy; u: the uniform draw, None when nothing was drawn.
    overlap: sum(min(p, q)) over the vocabulary at this position. rank: its place in the drafter's list, 0 first.
    prefix_prob: where the tokens of a draft are judged together, the probability that it is accepted at least up to
    this one. accept_prob is then what u is compared with, and a token is accepted where its own draw, or that of a
    later one, is below; None where they are judged one by one. gate: what a gate beside the drafter gave as the
    probability that the target accepts it; None without a gate. audited: whether an unverified token, which the text
    keeps without the target's consent, was compared with the target afterwards."""

    id: int
    text: str
    p: float
    q: float
    accept_prob: float
    u: float | None
    fate: Fate
    overlap: float
    rank: int
    top_p: tuple[Candidate, ...] = ()
    top_q: tuple[Candidate, ...] = ()
    prefix_prob: float | None = None
    gate: float | None = None
    audited: bool = False

    @property
    def tested(self) -> bool:
        """Whether the target decided on it."""
        return self.fate in ("accepted", "rejected")

    @property
    def kept(self) -> bool:
        """Whether it is in the text."""
        return self.fate in ("accepted", "unverified")


class LastToken(Struct, frozen=True):
    """The token a round ends with: from the residual after a rejection, or from the target after full acceptance.

    rank: its place in the drafter's list at that position; None for a bonus, where the drafter proposed nothing."""

    id: int
    text: str
    kind: LastKind
    p: float
    rank: int | None = None
    top_p: tuple[Candidate, ...] = ()
    top_q: tuple[Candidate, ...] = ()


class RunStarted(Event, frozen=True):
    """A run began, with everything needed to repeat it. graphs: whether its rounds run as CUDA graphs. hashes: of the
    models, by role. drafts_through: "text" where the drafter is a model with another tokenizer. messages: the
    conversation, where it is asked as chat; `prompt` is then as the template writes it. rules: what changes the
    target's logits besides the settings of sampling, in words. control_ids: ranges of ids, ends included, that control
    the target and are no text, whatever characters they are shown with."""

    run_id: str
    method: str
    started_utc: str
    prompt: str
    prompt_ids: tuple[int, ...]
    prompt_pieces: tuple[str, ...]
    target: str
    drafter: str
    settings: tuple[tuple[str, Setting], ...]
    device: str
    dtype: str
    versions: tuple[tuple[str, str], ...] = ()
    forked_from: str | None = None
    forked_at: int | None = None
    note: str = ""
    schema: int = SCHEMA
    runtime: RuntimeName | None = None
    graphs: bool = False
    quantize: str = "none"
    processor: str = ""
    hashes: tuple[tuple[str, str], ...] = ()
    drafts_through: DraftsThrough = "ids"
    messages: tuple[Message, ...] = ()
    rules: tuple[str, ...] = ()
    control_ids: tuple[tuple[int, int], ...] = ()

    @property
    def question(self) -> str:
        """What the user wrote: the last turn of the conversation, or the text to continue."""
        return self.messages[-1].content if self.messages else self.prompt


class PhaseFinished(Event, frozen=True):
    """A phase of a run ended: the time it took and the number of tokens it covered."""

    phase: Phase
    ms: float
    n_tokens: int
    at_s: float = 0.0


class RoundFinished(Event, frozen=True):
    """One draft phase and one verification.

    emitted: ids of the accepted tokens and the last one, cut at a stop token or the length limit.
    last is None if an accepted stop token or the limit ended the round before it.
    text: what the round added to the text; an incomplete character comes with the round that completes it.
    lane: which of several sequences decoded together, empty if there is only one; its times are then those of all
    together. n_reasoning: how many of the emitted tokens belong to a part between <think> and </think>.
    parents: of a tree, one entry a proposed token, the index of the token it follows, which comes before it, or -1 for
    the last committed one; empty for a chain. path: of a tree, the indices of the accepted tokens in order. Its other
    tokens are rejected where they were tested, before the next one of the path was, and untested elsewhere."""

    round: int
    proposed: tuple[ProposedToken, ...]
    last: LastToken | None
    emitted: tuple[int, ...]
    draft_ms: float
    verify_ms: float
    other_ms: float
    at_s: float = 0.0
    text: str = ""
    lane: str = ""
    n_reasoning: int = 0
    parents: tuple[int, ...] = ()
    path: tuple[int, ...] = ()

    @property
    def depth(self) -> int:
        """The most tokens of the draft that could be accepted in a row: all of a chain, the depth of a tree."""
        depths: list[int] = []
        for parent in self.parents:
            depths.append(depths[parent] + 1 if 0 <= parent < len(depths) else 1)
        return max(depths, default=len(self.proposed))

    @property
    def n_accepted(self) -> int:
        """How many of the proposed tokens the target accepted."""
        return sum(token.fate == "accepted" for token in self.proposed)

    @property
    def n_tested(self) -> int:
        """At how many places of the text a proposed token was tested.

        Several tokens of a tree may be tested at one place, which counts once."""
        if self.parents:
            return self.n_accepted + (self.last is not None and self.last.kind == "correction")
        return sum(token.tested for token in self.proposed)

    @property
    def in_a_row(self) -> tuple[ProposedToken, ...]:
        """What can be shown in a line: all of a chain; of a tree the accepted path, and the first token rejected."""
        if not self.parents:
            return self.proposed
        end = self.path[-1] if self.path else -1
        rejected = (node for node, parent in enumerate(self.parents) if parent == end)
        after = next(rejected, None) if self.last is not None else None
        nodes = self.path if after is None else (*self.path, after)
        return tuple(self.proposed[node] for node in nodes)

    @property
    def overlaps(self) -> tuple[float, ...]:
        """sum(min(p, q)) at each of these places, or the largest of the tokens that were proposed there."""
        if not self.parents:
            return tuple(token.overlap for token in self.proposed if token.tested)
        own: dict[int, float] = {}
        for token, parent in zip(self.proposed, self.parents, strict=False):
            own[parent] = max(own.get(parent, 0.0), token.overlap)
        return tuple(own.get(parent, 0.0) for parent in (-1, *self.path)[: self.n_tested])


class Measured(Event, frozen=True):
    """A value of a declared series, at a round or a training step."""

    name: str
    value: float
    round: int
    at_s: float = 0.0


class TokensEmitted(Event, frozen=True):
    """Tokens of a lane that is not drafted and verified round by round. forced: whether they were written for it."""

    lane: str
    ids: tuple[int, ...]
    text: str
    forced: bool = False
    at_s: float = 0.0


class BlockFinished(Event, frozen=True):
    """One timed generation: a block of the interleaved comparison with plain decoding.

    paired: whether it counts in that comparison; the recorded generation, which comes before it, does not. decode_ms
    covers everything after prefill; first_ms is the first round alone. target_step_ms: mean time of a target forward
    over gamma + 1 tokens, None if no round had a full draft; draft_step_ms: one drafter step, or None."""

    lane: Lane
    pair: int
    ids: tuple[int, ...]
    prefill_ms: float
    decode_ms: float
    first_ms: float
    target_step_ms: float | None
    draft_step_ms: float | None = None
    at_s: float = 0.0
    paired: bool = True


class Compared(Event, frozen=True):
    """The comparison of the speculative text with plain decoding.

    first_divergence: index of the first differing new token; margin: the target's top-2 logit margin there.
    plain_divergence: where two plain runs differ, None where they do not or only one was made so far; a difference no
    earlier than that is one of rounding, and does not count."""

    same: bool
    first_divergence: int | None
    margin: float | None
    at_s: float = 0.0
    plain_divergence: int | None = None


class RunFinished(Event, frozen=True):
    """The run ended; the last event of a run that did not fail."""

    reason: StopReason
    n_tokens: int
    at_s: float = 0.0


class RunFailed(Event, frozen=True):
    """The run, or a command to the engine, failed. `traceback` is filled if the cause is a defect."""

    message: str
    hint: str
    traceback: str = ""
    at_s: float = 0.0
