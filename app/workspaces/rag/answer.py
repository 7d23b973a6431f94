"""Record of an answer from documents, collected from its events.

Drafts and passages are counted from 0 here, and from 1 in the interface."""

from dataclasses import dataclass, field
from functools import singledispatchmethod

from app.choices.examples import known_answer
from app.workspaces.rag.pick import Pick
from engine.events import (
    CandidateScored,
    CostPredicted,
    DraftFinished,
    Event,
    Mapped,
    Partitioned,
    PhaseFinished,
    PromptRead,
    QuestionAnswered,
    Retrieved,
    RunFailed,
    RunFinished,
    RunStarted,
    TokensEmitted,
    VerifierTested,
)
from engine.events.answers import System

_DRAFT_LANE = "draft "
# A broken file may hold any number of subsets; a method makes a hundred at most.
_MOST_DRAFTS = 200


@dataclass
class DraftRecord:
    """A draft: its text so far, how it ended, and its scores from the verifier."""

    pieces: list[str] = field(default_factory=list)
    n_tokens: int = 0
    finished: DraftFinished | None = None
    scored: CandidateScored | None = None


@dataclass
class AnswerRecord:
    """An answer so far; `take` adds an event."""

    started: RunStarted | None = None
    retrieved: Retrieved | None = None
    mapped: Mapped | None = None
    partitioned: Partitioned | None = None
    prompts: list[PromptRead] = field(default_factory=list)
    drafts: dict[int, DraftRecord] = field(default_factory=dict)
    answers: dict[System, QuestionAnswered] = field(default_factory=dict)
    verifier: VerifierTested | None = None
    costs: dict[System, CostPredicted] = field(default_factory=dict)
    phases: dict[str, PhaseFinished] = field(default_factory=dict)
    ended: RunFinished | RunFailed | None = None
    _by_lane: dict[str, DraftRecord] = field(default_factory=dict)

    @property
    def chosen(self) -> QuestionAnswered | None:
        """The answer that was chosen from the drafts."""
        return self.answers.get("speculative_rag")

    @property
    def baseline(self) -> QuestionAnswered | None:
        """The target's own answer after reading all passages."""
        return self.answers.get("standard_rag")

    @property
    def winner(self) -> int | None:
        """The draft that was chosen."""
        return None if self.chosen is None else self.chosen.winner

    @property
    def known_answer(self) -> str:
        """The answer that is known to be right; empty where none is."""
        if self.started is None:
            return ""
        return known_answer(self.started.question, str(dict(self.started.settings).get("index", "")))

    @property
    def runner_up(self) -> int | None:
        """The second-best complete draft, which the margin is measured against."""
        scored = sorted(
            (draft.scored.log_score, -number)
            for number, draft in self.drafts.items()
            if draft.scored is not None and number != self.winner and _complete(draft)
        )
        return -scored[-1][1] if scored and self.winner is not None else None

    def draft_at(self, pick: Pick) -> int | None:
        """Return the selected draft, or else the winner."""
        return next((number for number in (pick.draft, self.winner) if number in self.drafts), None)

    def passage_at(self, pick: Pick) -> int | None:
        """Return the selected passage, else the first that the selected draft cites or was made from, else the best."""
        n = 0 if self.retrieved is None else len(self.retrieved.passages)
        if pick.passage is not None and pick.passage < n:
            return pick.passage
        number = self.draft_at(pick)
        cited = () if number is None or (draft := self.drafts.get(number)) is None else _cited(draft)
        return next((place for place in (*cited, *self.subset(number), 0) if 0 <= place < n), None)

    def subset(self, draft: int | None) -> tuple[int, ...]:
        """Return the positions of the passages that a draft was made from."""
        if draft is None or self.partitioned is None or draft not in self.drafts:
            return ()
        return tuple(place for place in self.partitioned.subsets[draft] if place >= 0)

    def cluster(self, passage: int) -> int | None:
        """Return the cluster of a passage, if it is known."""
        clusters = () if self.partitioned is None else self.partitioned.clusters
        return clusters[passage] if passage < len(clusters) else None

    def rationale(self, draft: int | None) -> str:
        """Return the rationale of a draft, written so far or finished."""
        if draft is None or draft not in self.drafts:
            return ""
        record = self.drafts[draft]
        return "".join(record.pieces) if record.finished is None else record.finished.rationale

    def take_tokens(self, event: TokensEmitted) -> None:
        """Take in live text, which comes often; text that belongs to no draft is ignored."""
        if (record := self._by_lane.get(event.lane)) is not None:
            record.pieces.append(event.text)
            record.n_tokens += len(event.ids)

    @singledispatchmethod
    def take(self, event: Event) -> None:
        """Take in an event; events that do not belong to an answer are ignored."""

    @take.register
    def _(self, event: RunStarted) -> None:
        self.started = event

    @take.register
    def _(self, event: Retrieved) -> None:
        self.retrieved = event

    @take.register
    def _(self, event: Mapped) -> None:
        self.mapped = event

    @take.register
    def _(self, event: Partitioned) -> None:
        self.partitioned = event
        for number in range(min(len(event.subsets), _MOST_DRAFTS)):
            self._by_lane[f"{_DRAFT_LANE}{number}"] = self.drafts.setdefault(number, DraftRecord())

    @take.register
    def _(self, event: PromptRead) -> None:
        self.prompts.append(event)

    @take.register
    def _(self, event: TokensEmitted) -> None:
        self.take_tokens(event)

    @take.register
    def _(self, event: DraftFinished) -> None:
        if event.draft in self.drafts:
            self.drafts[event.draft].finished = event

    @take.register
    def _(self, event: CandidateScored) -> None:
        if event.draft in self.drafts:
            self.drafts[event.draft].scored = event

    @take.register
    def _(self, event: QuestionAnswered) -> None:
        self.answers[event.system] = event

    @take.register
    def _(self, event: VerifierTested) -> None:
        self.verifier = event

    @take.register
    def _(self, event: CostPredicted) -> None:
        self.costs[event.system] = event

    @take.register
    def _(self, event: PhaseFinished) -> None:
        self.phases[event.phase] = event

    @take.register(RunFinished)
    @take.register(RunFailed)
    def _(self, event: RunFinished | RunFailed) -> None:
        self.ended = event


def _complete(draft: DraftRecord) -> bool:
    return draft.finished is None or draft.finished.complete


def _cited(draft: DraftRecord) -> tuple[int, ...]:
    return () if draft.finished is None else draft.finished.cited
