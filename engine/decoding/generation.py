"""One whole generation: rounds until a stop token, the length or the context ends it, each stated as an event.

Knows the decoder and the vocabulary of events; does not know methods, blocks or who is watching."""

import time
from collections.abc import Generator, Sequence
from typing import NamedTuple, Protocol

from engine.decoding.detokenizer import Detokenizer, TokenTexts
from engine.decoding.packing import HostRecord, Top
from engine.decoding.speculate import Decoding, Round
from engine.events import Candidate, Fate, LastToken, PhaseFinished, ProposedToken, RoundFinished, StopReason


class Limits(NamedTuple):
    """What ends a generation: new tokens, ids in total, stop tokens (empty: none is obeyed)."""

    max_new_tokens: int
    context: int
    stop_ids: frozenset[int]


class RunClock(Protocol):
    """What a generation asks of the run it belongs to."""

    def checkpoint(self) -> None:
        """May raise to stop; called before each round and between the pieces of a prompt."""

    def elapsed_s(self) -> float:
        """Seconds since the run began."""


class Generation(NamedTuple):
    """The ids made and the time they took. target_step_ms: mean verification of rounds with a full draft, None without.

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

    def add(self, done: Round, wall_ms: float, *, full: bool) -> None:
        """Count one round."""
        self.rounds.append(wall_ms)
        self.draft += done.draft_ms
        self.n_drafted += len(done.record.tokens)
        if full:
            self.full_verify.append(done.verify_ms)

    def result(self, ids: Sequence[int], reason: StopReason, prefill_ms: float, margins: Sequence[float]) -> Generation:
        """The finished generation."""
        verify = self.full_verify
        return Generation(
            tuple(ids), reason, prefill_ms, sum(self.rounds), self.rounds[0],
            sum(verify) / len(verify) if verify else None,
            self.draft / self.n_drafted if self.n_drafted else None, tuple(margins),
        )  # fmt: skip


class Taken(NamedTuple):
    """A round that was taken in, before its time is known; text: what became certain by it."""

    done: Round
    proposed: tuple[ProposedToken, ...]
    last: LastToken | None
    emitted: tuple[int, ...]
    text: str


class Growing:
    """A generation in the making: how long the next draft may be, what the rounds so far made, and what ended it."""

    def __init__(self, prompt_ids: Sequence[int], gamma: int, limits: Limits, texts: TokenTexts) -> None:
        self.reason: StopReason | None = None
        self._n_prompt, self._gamma, self._limits, self._texts = len(prompt_ids), gamma, limits, texts
        self._reader = Detokenizer(texts, prompt_ids)
        self._made: list[int] = []
        self._margins: list[float] = []
        self._times = _Times()

    def allowed(self) -> int:
        """Draft length that cannot overrun the length or the context, the round's own last token included."""
        return self._allowed(len(self._made))

    def followed(self) -> bool:
        """Whether only a stop token can keep the next round, a full one, from being followed by another full one."""
        return self.allowed() == self._gamma == self._allowed(len(self._made) + self._gamma + 1)

    def _allowed(self, n_made: int) -> int:
        left = min(self._limits.max_new_tokens - n_made, self._limits.context - self._n_prompt - n_made)
        return min(self._gamma, left - 1)

    def take(self, done: Round) -> Taken:
        """Take in what a round did, all but its time, and note whether it was the last."""
        proposed, last, emitted = _tokens(done, self._limits.stop_ids, self._texts)
        self._made += emitted
        self.reason = self._stop_reason()
        text = "".join(map(self._reader.push, emitted)) + ("" if self.reason is None else self._reader.flush())
        self._margins.append(_margin(done.record.top_p[len(emitted) - 1]))
        return Taken(done, proposed, last, emitted, text)

    def event(self, taken: Taken, wall_ms: float, at_s: float, lane: str = "") -> RoundFinished:
        """Count the time of the round just taken, and state the round."""
        done, n_before = taken.done, len(self._times.rounds)
        self._times.add(done, wall_ms, full=len(done.record.tokens) == self._gamma)
        other_ms = max(0.0, wall_ms - done.draft_ms - done.verify_ms)
        return RoundFinished(
            n_before, taken.proposed, taken.last, taken.emitted, done.draft_ms, done.verify_ms, other_ms, at_s,
            taken.text, lane,
        )  # fmt: skip

    def result(self, prefill_ms: float) -> Generation:
        """The whole generation, once it has ended."""
        assert self.reason is not None
        return self._times.result(self._made, self.reason, prefill_ms, self._margins)

    def _stop_reason(self) -> StopReason | None:
        if self._made[-1] in self._limits.stop_ids:
            return "end_of_text"
        if len(self._made) >= self._limits.max_new_tokens:
            return "length"
        return "context" if self._n_prompt + len(self._made) >= self._limits.context else None


def generate(
    decoder: Decoding,
    prompt_ids: Sequence[int],
    gamma: int,
    limits: Limits,
    texts: TokenTexts,
    run: RunClock,
) -> Generator[PhaseFinished | RoundFinished, None, Generation]:
    """Yield the end of the prefill, and each round; returns the whole generation.

    The time between a yield and the next step is counted nowhere."""
    started = time.perf_counter()
    decoder.prefill(prompt_ids, run.checkpoint)
    prefill_ms = 1e3 * (time.perf_counter() - started)
    yield PhaseFinished("prefill", prefill_ms, len(prompt_ids) - 1, at_s=run.elapsed_s())
    growing = Growing(prompt_ids, gamma, limits, texts)
    while growing.reason is None:
        run.checkpoint()
        began = time.perf_counter()
        done = decoder.round(growing.allowed(), followed=growing.followed())
        taken = growing.take(done)
        # A round begun ahead took the device some time before it was asked for.
        wall_ms = max(1e3 * (time.perf_counter() - began), done.draft_ms + done.verify_ms)
        yield growing.event(taken, wall_ms, run.elapsed_s())
    return growing.result(prefill_ms)


def whole(
    generation: Generator[PhaseFinished | RoundFinished, None, Generation],
) -> tuple[list[RoundFinished], Generation]:
    """Run a generation to its end; returns its rounds, and the whole."""
    rounds: list[RoundFinished] = []
    while True:
        try:
            event = next(generation)
        except StopIteration as end:
            return rounds, end.value
        if isinstance(event, RoundFinished):
            rounds.append(event)


def _margin(top: Top) -> float:
    """Ratio of the two largest probabilities; its logarithm is the top-2 logit margin at temperature 1."""
    return top.probs[0] / top.probs[1] if len(top.probs) > 1 and top.probs[1] > 0 else float("inf")


def _tokens(
    done: Round, stop_ids: frozenset[int], texts: TokenTexts
) -> tuple[tuple[ProposedToken, ...], LastToken | None, tuple[int, ...]]:
    """What a round proposed, its last token, and the ids it emitted; tokens after an accepted stop token are untested,
    and the round then has no last token."""
    record = done.record
    stop = next((i for i, token in enumerate(record.tokens[: record.n_accepted]) if token in stop_ids), None)
    n_kept = record.n_accepted if stop is None else stop + 1
    rejected_at = record.n_accepted if stop is None else None
    proposed = tuple(_proposed(record, i, _fate(i, n_kept, rejected_at), texts) for i in range(len(record.tokens)))
    last = _last(record, texts) if stop is None else None
    emitted = (*record.tokens[:n_kept], *(() if last is None else (last.id,)))
    return proposed, last, emitted


def _fate(i: int, n_kept: int, rejected_at: int | None) -> Fate:
    if i < n_kept:
        return "accepted"
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
        top_p=_candidates(record.top_p[i], texts),
        top_q=_candidates(record.top_q[i], texts),
    )


def _last(record: HostRecord, texts: TokenTexts) -> LastToken:
    n, at = len(record.tokens), record.n_accepted
    return LastToken(
        id=record.last_id,
        text=texts.piece(record.last_id),
        kind="correction" if at < n else "bonus",
        p=record.last_p,
        rank=record.last_rank,
        top_p=_candidates(record.top_p[at], texts),
        top_q=_candidates(record.top_q[at], texts) if at < n else (),
    )


def _candidates(top: Top, texts: TokenTexts) -> tuple[Candidate, ...]:
    return tuple(Candidate(token, texts.piece(token), prob) for token, prob in zip(top.ids, top.probs, strict=True))
