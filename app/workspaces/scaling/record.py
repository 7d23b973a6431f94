"""Record of an answer by DRAG or IterDRAG, collected from its events: its steps, its calls and what they took.

Steps are counted from 0, which is the question itself; iterations from 0 as in the events."""

from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Literal, NamedTuple, TypeAlias

from app.choices.examples import known_answer
from engine.events import (
    AllocationRouted,
    DemonstrationsChosen,
    Event,
    IterationFinished,
    ModelCalled,
    PromptRead,
    QualityJudged,
    QueryPriced,
    QuestionAnswered,
    Retrieved,
    RunFailed,
    RunFinished,
    RunStarted,
    ScalingAnswered,
)
from engine.events.answers import Passage
from engine.events.iterations import ScalingSystem

StepKind: TypeAlias = Literal["question", "follow_up", "final"]
# A broken file may hold any number of them; a method makes a few dozen at most.
_MOST_CALLS = 1000


class CallRecord(NamedTuple):
    """A call of the target, and the prompt it read, where the log has it."""

    call: ModelCalled
    prompt: PromptRead | None


class ScalingStep(NamedTuple):
    """A step of an answer. text: its question; answer: empty while it is being written. calls: those it was made by.

    probability: of its answer, None while that is not known; is_open: it is under way."""

    kind: StepKind
    text: str
    answer: str = ""
    probability: float | None = None
    documents: tuple[Passage, ...] = ()
    n_known: int = 0
    calls: tuple[CallRecord, ...] = ()
    ms: float | None = None
    forced: bool = False
    note: str = ""
    is_open: bool = False

    @property
    def input_tokens(self) -> int:
        """The tokens that its calls read."""
        return sum(each.call.input_tokens for each in self.calls)

    @property
    def cached_tokens(self) -> int:
        """Those of them that were not computed again."""
        return sum(each.call.cached_tokens for each in self.calls)

    @property
    def output_tokens(self) -> int:
        """The tokens that its calls wrote."""
        return sum(each.call.output_tokens for each in self.calls)


@dataclass
class ScalingRecord:
    """An answer so far; `take` adds an event. Calls after the answer are those of systems it is compared with.

    attempts: answers of smaller presets that were not good enough; all else is of the newest preset."""

    started: RunStarted | None = None
    demonstrations: DemonstrationsChosen | None = None
    retrieved: Retrieved | None = None
    iterations: list[IterationFinished] = field(default_factory=list)
    calls: list[CallRecord] = field(default_factory=list)
    answers: dict[ScalingSystem, ScalingAnswered] = field(default_factory=dict)
    standard: QuestionAnswered | None = None
    routed: AllocationRouted | None = None
    judged: list[QualityJudged] = field(default_factory=list)
    attempts: list[ScalingAnswered] = field(default_factory=list)
    priced: QueryPriced | None = None
    ended: RunFinished | RunFailed | None = None
    _prompt: PromptRead | None = None

    @property
    def answered(self) -> ScalingAnswered | None:
        """The answer that was asked for."""
        return next(iter(self.answers.values()), None)

    @property
    def gold(self) -> tuple[str, ...]:
        """The answers that are known to be right; empty where none is."""
        if self.answered is not None and self.answered.gold:
            return self.answered.gold
        if self.started is None:
            return ()
        known = known_answer(self.started.question, str(dict(self.started.settings).get("index", "")))
        return (known,) if known else ()

    @property
    def before(self) -> tuple[int, int]:
        """The tokens read and written besides the answer: by smaller presets, and to judge answers."""
        judging = sum(each.tokens for each in self.judged)
        read = sum(each.effective_context for each in self.attempts)
        return read + judging, sum(each.output_tokens for each in self.attempts)

    @property
    def steps(self) -> tuple[ScalingStep, ...]:
        """The question, its follow-ups, and the final answer; the last of them may be under way."""
        if self.started is None:
            return ()
        documents = () if self.retrieved is None else self.retrieved.passages
        ms, note = (None, "") if self.retrieved is None else (self.retrieved.ms, self.retrieved.note)
        question = ScalingStep(
            "question", self.started.question, documents=tuple(reversed(documents)), ms=ms, note=note
        )
        return (question, *map(self._step, self.iterations), *self._last_step())

    def _step(self, iteration: IterationFinished) -> ScalingStep:
        return ScalingStep(
            iteration.end, iteration.follow_up, iteration.intermediate, iteration.probability, iteration.documents,
            iteration.n_known, self._calls_of(iteration.iteration), iteration.ms, iteration.forced, iteration.note,
        )  # fmt: skip

    def _last_step(self) -> tuple[ScalingStep, ...]:
        """The step under way, or the answer of a method without iterations."""
        if self.iterations and self.iterations[-1].end == "final":
            return ()
        calls = self._calls_of(max((each.iteration for each in self.iterations), default=-1) + 1)
        if (answered := self.answered) is not None:
            answer = answered.answer or ""
            return (ScalingStep("final", "", answer, answered.probability, calls=calls, ms=answered.latency_ms),)
        if self.ended is not None or not calls:
            return ()
        return (ScalingStep("follow_up", calls[0].call.text, calls=calls, is_open=True),)

    def _calls_of(self, iteration: int) -> tuple[CallRecord, ...]:
        return tuple(each for each in self.calls if each.call.iteration == iteration)

    def calls_at(self, step: int | None) -> tuple[CallRecord, ...]:
        """The calls of a step; of the question those of the first answer to it, of None the newest."""
        steps = self.steps
        own = steps[step].calls if step is not None and 0 <= step < len(steps) else ()
        return own or tuple(self.calls[:1] if step == 0 else self.calls[-1:])

    @singledispatchmethod
    def take(self, event: Event) -> None:
        """Take in an event; events that do not belong to an answer are ignored."""

    @take.register
    def _(self, event: RunStarted) -> None:
        self.started = event

    @take.register
    def _(self, event: DemonstrationsChosen) -> None:
        self.demonstrations = self.demonstrations or event

    @take.register
    def _(self, event: Retrieved) -> None:
        self.retrieved = self.retrieved or event

    @take.register
    def _(self, event: PromptRead) -> None:
        self._prompt = event

    @take.register
    def _(self, event: ModelCalled) -> None:
        if not self.answers and len(self.calls) < _MOST_CALLS:
            self.calls.append(CallRecord(event, self._prompt))
        self._prompt = None

    @take.register
    def _(self, event: IterationFinished) -> None:
        if not self.answers and len(self.iterations) < _MOST_CALLS:
            self.iterations.append(event)

    @take.register
    def _(self, event: ScalingAnswered) -> None:
        self.answers[event.system] = event  # again where it was also decoded without a drafter

    @take.register
    def _(self, event: QuestionAnswered) -> None:
        if event.system == "standard_rag":
            self.standard = event

    @take.register
    def _(self, event: AllocationRouted) -> None:
        self.routed = event
        if (answered := self.answered) is not None and len(self.attempts) < _MOST_CALLS:
            self.attempts.append(answered)
            self.demonstrations = self.retrieved = None
            for items in (self.answers, self.iterations, self.calls):
                items.clear()

    @take.register
    def _(self, event: QualityJudged) -> None:
        self.judged.append(event)

    @take.register
    def _(self, event: QueryPriced) -> None:
        self.priced = event

    @take.register(RunFinished)
    @take.register(RunFailed)
    def _(self, event: RunFinished | RunFailed) -> None:
        self.ended = event
