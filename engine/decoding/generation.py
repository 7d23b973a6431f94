"""Runs one generation: rounds until a stop token, the length or the context ends it, each yielded as an event."""

import time
from collections.abc import Generator, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from engine.decoding.detokenizer import Detokenizer, TokenTexts
from engine.decoding.packing import HostRecord, Top
from engine.decoding.policies.policy import Decision, DraftPolicy, RoundFacts
from engine.decoding.reasoning import ReasoningCounter
from engine.decoding.speculate import Decoding, Round
from engine.decoding.tree_fates import tree_fates
from engine.events import (
    Candidate,
    Fate,
    LastToken,
    PhaseFinished,
    PolicyDecided,
    ProposedToken,
    RoundFinished,
    StopReason,
)

# A template that begins the reasoning writes its mark at the end of the prompt.
_N_LAST = 12

# What one generation yields.
GenerationEvent: TypeAlias = PhaseFinished | RoundFinished | PolicyDecided


class Limits(NamedTuple):
    """What ends a generation: number of new tokens, ids in total, stop tokens (may be empty)."""

    max_new_tokens: int
    context: int
    stop_ids: frozenset[int]


class RunClock(Protocol):
    """The part of a run that a generation uses."""

    def checkpoint(self) -> None:
        """May raise to stop; called before each round and between the pieces of a prompt."""

    def elapsed_s(self) -> float:
        """Seconds since the run began."""


class Generation(NamedTuple):
    """The generated ids and their timing. target_step_ms: mean verification of rounds with a full draft, None without.

    draft_step_ms: mean time of one drafter step, None without drafts."""

    ids: tuple[int, ...]
    reason: StopReason
    prefill_ms: float
    decode_ms: float
    first_ms: float
    target_step_ms: float | None
    draft_step_ms: float | None
    margins: tuple[float, ...]


class _Times:
    """Running totals of one generation, in milliseconds."""

    def __init__(self) -> None:
        self.rounds: list[float] = []
        self.full_verify: list[float] = []
        self.draft = 0.0
        self.n_drafted = 0

    def add(self, round_result: Round, wall_ms: float, *, full: bool) -> None:
        """Count one round."""
        self.rounds.append(wall_ms)
        self.draft += round_result.draft_ms
        self.n_drafted += round_result.record.n_steps
        if full:
            self.full_verify.append(round_result.verify_ms)

    def result(self, ids: Sequence[int], reason: StopReason, prefill_ms: float, margins: Sequence[float]) -> Generation:
        """The finished generation."""
        verify = self.full_verify
        return Generation(
            tuple(ids), reason, prefill_ms, sum(self.rounds), self.rounds[0],
            sum(verify) / len(verify) if verify else None,
            self.draft / self.n_drafted if self.n_drafted else None, tuple(margins),
        )  # fmt: skip


class DecodedRound(NamedTuple):
    """A decoded round before its wall time is known; text: what it completed; n_reasoning: tokens of reasoning.

    path: of a tree, the accepted nodes that count."""

    done: Round
    proposed: tuple[ProposedToken, ...]
    last: LastToken | None
    emitted: tuple[int, ...]
    text: str
    n_reasoning: int
    path: tuple[int, ...] = ()


class GenerationProgress:
    """A generation under way: how long the next draft may be, what the rounds produced, and what ended it."""

    def __init__(self, prompt_ids: Sequence[int], gamma: int, limits: Limits, texts: TokenTexts) -> None:
        self.reason: StopReason | None = None
        self._n_prompt, self._gamma, self._limits, self._texts = len(prompt_ids), gamma, limits, texts
        self._next_gamma = gamma
        self._detokenizer = Detokenizer(texts, prompt_ids)
        self._reasoning = ReasoningCounter(texts.added(token) for token in prompt_ids[-_N_LAST:])
        self._new_ids: list[int] = []
        self._margins: list[float] = []
        self._times = _Times()

    def draft_next(self, gamma: int) -> None:
        """Let the rounds from the next one on draft gamma tokens, in place of the usual number."""
        self._next_gamma = gamma

    @property
    def n_ids(self) -> int:
        """Length of the text, the prompt included."""
        return self._n_prompt + len(self._new_ids)

    @property
    def n_rounds(self) -> int:
        """Finished rounds."""
        return len(self._times.rounds)

    def allowed(self) -> int:
        """Longest draft with which a round, its last token included, stays within the length and the context."""
        return self._draft_length(len(self._new_ids))

    def followed(self) -> bool:
        """Whether the next round and the one after it both draft as many tokens unless a stop token comes."""
        gamma = self._next_gamma
        return self.allowed() == gamma == self._draft_length(len(self._new_ids) + gamma + 1)

    def _draft_length(self, n_new: int) -> int:
        n_left = min(self._limits.max_new_tokens - n_new, self._limits.context - self._n_prompt - n_new)
        return min(self._next_gamma, n_left - 1)

    def take(self, round_result: Round) -> DecodedRound:
        """Add a round, except its time, and set `reason` if it was the last."""
        record = round_result.record
        path, proposed, last, emitted = _tokens(record, self._limits.stop_ids, self._texts)
        self._new_ids += emitted
        self.reason = self._stop_reason()
        text = "".join(map(self._detokenizer.push, emitted))
        if self.reason is not None:
            text += self._detokenizer.flush()
        self._margins.append(_margin(record.top_p[record.rows[len(emitted) - 1]]))
        n_reasoning = sum(self._reasoning.counts(self._texts.added(token)) for token in emitted)
        return DecodedRound(round_result, proposed, last, emitted, text, n_reasoning, path if record.parents else ())

    def event(self, taken: DecodedRound, wall_ms: float, at_s: float, lane: str = "") -> RoundFinished:
        """Add the time of the latest round, and return the round's event."""
        round_result, index = taken.done, len(self._times.rounds)
        self._times.add(round_result, wall_ms, full=round_result.record.n_steps == self._gamma)
        other_ms = max(0.0, wall_ms - round_result.draft_ms - round_result.verify_ms)
        return RoundFinished(
            index, taken.proposed, taken.last, taken.emitted, round_result.draft_ms, round_result.verify_ms, other_ms,
            at_s, taken.text, lane, taken.n_reasoning, round_result.record.parents, taken.path,
        )  # fmt: skip

    def result(self, prefill_ms: float) -> Generation:
        """The finished generation; call it only once `reason` is set."""
        assert self.reason is not None
        return self._times.result(self._new_ids, self.reason, prefill_ms, self._margins)

    def _stop_reason(self) -> StopReason | None:
        if self._new_ids[-1] in self._limits.stop_ids:
            return "end_of_text"
        if len(self._new_ids) >= self._limits.max_new_tokens:
            return "length"
        return "context" if self._n_prompt + len(self._new_ids) >= self._limits.context else None


class _Deciding:
    """Asks a policy after each round, and states what it decided."""

    def __init__(self, policy: DraftPolicy) -> None:
        self._policy, self._gamma = policy, policy.gamma

    def after(self, record: HostRecord, n_asked: int, ms: float, progress: GenerationProgress) -> Decision | None:
        """Tell the policy of the round that was just taken, and let the next one draft as it says."""
        decision = self._policy.observe(RoundFacts(n_asked, record.n_steps, record.n_accepted, ms, progress.n_ids))
        if decision is not None:
            progress.draft_next(self._policy.gamma)
        return decision

    def event(self, decision: Decision, n_rounds: int, at_s: float) -> PolicyDecided:
        """State a decision after so many rounds."""
        before, self._gamma = self._gamma, decision.gamma
        return PolicyDecided(
            n_rounds - decision.past, before, decision.gamma, decision.predicted_before, decision.predicted_after,
            decision.reason, at_s,
        )  # fmt: skip


def generate(
    decoder: Decoding,
    prompt_ids: Sequence[int],
    policy: DraftPolicy,
    limits: Limits,
    texts: TokenTexts,
    run: RunClock,
) -> Generator[GenerationEvent, None, Generation]:
    """Yield the end of the prefill, each round and each decision of the policy; returns the generation.

    Time that the consumer spends between two events is not counted, that of the policy is."""
    prefill_start = time.perf_counter()
    decoder.prefill(prompt_ids, run.checkpoint)
    prefill_ms = 1e3 * (time.perf_counter() - prefill_start)
    yield PhaseFinished("prefill", prefill_ms, len(prompt_ids) - 1, at_s=run.elapsed_s())
    deciding = _Deciding(policy)
    opening = policy.begin()
    if opening is not None:
        yield deciding.event(opening, 0, run.elapsed_s())
    progress = GenerationProgress(prompt_ids, policy.gamma, limits, texts)
    while progress.reason is None:
        run.checkpoint()
        round_start = time.perf_counter()
        n_allowed = progress.allowed()
        round_result = decoder.round(n_allowed, followed=policy.settled and progress.followed())
        decoded_round = progress.take(round_result)
        # A round launched ahead used device time before this call.
        device_ms = round_result.draft_ms + round_result.verify_ms
        round_ms = max(1e3 * (time.perf_counter() - round_start), device_ms)
        decision = deciding.after(round_result.record, n_allowed, round_ms, progress)
        wall_ms = max(1e3 * (time.perf_counter() - round_start), device_ms)
        yield progress.event(decoded_round, wall_ms, run.elapsed_s())
        if decision is not None and progress.reason is None:
            yield deciding.event(decision, progress.n_rounds, run.elapsed_s())
    return progress.result(prefill_ms)


def whole(
    generation: Generator[GenerationEvent, None, Generation],
) -> tuple[list[RoundFinished], Generation]:
    """Run a generation to its end; returns its rounds and the generation."""
    told, end = everything(generation)
    return [event for event in told if isinstance(event, RoundFinished)], end


def everything(
    generation: Generator[GenerationEvent, None, Generation],
) -> tuple[list[GenerationEvent], Generation]:
    """Run a generation to its end; returns its events and the generation."""
    told: list[GenerationEvent] = []
    while True:
        try:
            told.append(next(generation))
        except StopIteration as end:
            return told, end.value


def _margin(top: Top) -> float:
    """Ratio of the two largest probabilities; its logarithm is the top-2 logit margin at temperature 1."""
    return top.probs[0] / top.probs[1] if len(top.probs) > 1 and top.probs[1] > 0 else float("inf")


def _tokens(
    record: HostRecord, stop_ids: frozenset[int], texts: TokenTexts
) -> tuple[tuple[int, ...], tuple[ProposedToken, ...], LastToken | None, tuple[int, ...]]:
    """Which proposed tokens of a round are in the text, all of them, its last token, and the ids it emitted.

    Tokens after an accepted stop token are untested, and the round then has no last token."""
    accepted = record.accepted
    stop_at = next((i for i, node in enumerate(accepted) if record.tokens[node] in stop_ids), None)
    kept = accepted if stop_at is None else accepted[: stop_at + 1]
    fates = _fates(record, kept, ended=stop_at is not None)
    proposed = tuple(_proposed(record, i, fate, texts) for i, fate in enumerate(fates))
    last = _last(record, texts) if stop_at is None else None
    emitted = (*(record.tokens[node] for node in kept), *(() if last is None else (last.id,)))
    return kept, proposed, last, emitted


def _fates(record: HostRecord, kept: Sequence[int], *, ended: bool) -> Sequence[Fate]:
    """The fate of each proposed token; kept: those in the text; ended: the last of them ended it."""
    if record.parents:
        return tree_fates(record.parents, kept, leaves_first=record.leaves_first, ended=ended)
    n, rejected_at = len(kept), None if ended else record.n_accepted
    return [_fate(i, n, rejected_at, record.first_tested) for i in range(len(record.tokens))]


def _fate(i: int, n_kept: int, rejected_at: int | None, first_tested: int) -> Fate:
    if i < n_kept:
        return "accepted" if i >= first_tested else "unverified"
    return "rejected" if i == rejected_at else "untested"


def _proposed(record: HostRecord, i: int, fate: Fate, texts: TokenTexts) -> ProposedToken:
    token = record.tokens[i]
    return ProposedToken(
        id=token,
        text=texts.piece(token),
        p=record.p[i],
        q=record.q[i],
        accept_prob=record.accept_prob[i],
        u=None if record.u is None else record.u[i],
        fate=fate,
        overlap=record.overlap[i],
        rank=record.rank[i],
        top_p=_candidates(record.top_p[record.judged_at(i)], texts),
        top_q=_candidates(record.top_q[i], texts),
        prefix_prob=None if record.prefix_prob is None else record.prefix_prob[i],
        gate=record.gate[i] if record.gate else None,
        audited=i in record.audited,
    )


def _last(record: HostRecord, texts: TokenTexts) -> LastToken:
    tested, row = record.next_tested, record.rows[-1]
    return LastToken(
        id=record.last_id,
        text=texts.piece(record.last_id),
        kind="bonus" if tested is None else "correction",
        p=record.last_p,
        rank=record.last_rank,
        top_p=_candidates(record.top_p[row], texts),
        top_q=() if tested is None else _candidates(record.top_q[tested], texts),
    )


def _candidates(top: Top, texts: TokenTexts) -> tuple[Candidate, ...]:
    return tuple(Candidate(token, texts.piece(token), prob) for token, prob in zip(top.ids, top.probs, strict=True))
