"""One question on its way to its answer by IterDRAG: what its context holds, and each step that it can take.

Each line that the target begins by itself begins in one of three ways, which are scored as sequences over one cache.
Documents of a follow-up stand behind those before, so that what was read stays in the cache.
Source: arXiv:2410.04343, section 3.3 and appendix H."""

from collections.abc import Generator, Sequence
from math import exp, fsum
from typing import NamedTuple

from engine import prompts
from engine.events import Event, IterationFinished, ScalingAnswered, StartScore
from engine.events.answers import Passage
from engine.events.iterations import CallPurpose, IterationEnd
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.calls import CallResult, TargetCalls
from engine.methods.drag.gathering import documents_for
from engine.methods.drag.outcome import AnswerCounts, summed
from engine.methods.drag.window import PromptContent
from engine.methods.iterdrag.config import IterDragConfig
from engine.prompts import FINAL, FOLLOW_UP, INTERMEDIATE, ITERATION_STARTS, Demonstration, FollowUp
from engine.rag.document_order import not_known

_STARTS = tuple(prompts.begun_line(start) for start in ITERATION_STARTS)
# An intermediate answer answers a follow-up question; a line that nothing came before begins in another way.
_ALLOWED = tuple(place for place, start in enumerate(ITERATION_STARTS) if start != INTERMEDIATE)
# Below this the target does not know the format.
_LEAST_KNOWN = 0.01


class Gathered(NamedTuple):
    """Retrieved documents, worst first: those that are new in the context, and all; how many were there before."""

    new: tuple[Passage, ...] = ()
    all: tuple[Passage, ...] = ()
    n_known: int = 0
    ms: float = 0.0
    note: str = ""


class Line(NamedTuple):
    """A line that the target began by itself: a follow-up question, or the final answer.

    starts: how its beginnings scored; note: what is out of the ordinary about them, empty for most."""

    is_final: bool
    result: CallResult
    starts: tuple[StartScore, ...]
    note: str


class Loop:
    """A question, the calls for it, and what its context holds. steps: questions that were answered so far."""

    def __init__(
        self, question: str, config: IterDragConfig, context: ScalingContext, shown: tuple[Demonstration, ...],
        calls: TargetCalls,
    ) -> None:  # fmt: skip
        """shown: the demonstrations."""
        self.steps: list[FollowUp] = []
        self._question, self._config, self._context, self._shown, self._calls = question, config, context, shown, calls
        self._passages: list[Passage] = []
        self._retrieving_ms = self._ttft_ms = 0.0
        self._n_told = 0

    def gather(self, query: str) -> Generator[Event, None, Gathered]:
        """Yield the retrieval for a query; adds what is new to the context, behind what is there, and returns it."""
        gathered = yield from documents_for(query, self._config, self._context)
        new = not_known(self._passages, gathered.passages, lambda passage: passage.id)
        self._passages += new
        self._retrieving_ms += gathered.ms
        return Gathered(new, gathered.passages, len(gathered.passages) - len(new), gathered.ms, gathered.note)

    def line(self) -> Generator[Event, None, Line]:
        """Yield the next line: a follow-up question or the final answer, whichever is likelier to begin."""
        result = yield from self._call("step", "", _STARTS)
        starts = tuple(map(StartScore, ITERATION_STARTS, result.scores))
        return Line(ITERATION_STARTS[result.start] == FINAL, result, starts, _odd(starts))

    def final(self) -> Generator[Event, None, CallResult]:
        """Yield the final answer, where it has to come now."""
        return (yield from self._call("final", prompts.begun_line(FINAL)))

    def refusal(self, follow_up: str) -> str:
        """Why a follow-up question is not worth an answer; empty if it is."""
        if not follow_up:
            return "the follow-up question is empty"
        again = any(_plain(step.question) == _plain(follow_up) for step in self.steps)
        return f"it asked the same again: {follow_up[:80]}" if again else ""

    def answer(self, line: Line) -> Generator[Event, None, str]:
        """Yield the documents for a follow-up question and its answer; returns why this was the last question, if it
        was."""
        follow_up, stop_above = line.result.text, self._config.stop_above
        gathered = yield from self.gather(follow_up)
        result = yield from self._call("intermediate", prompts.begun_step(follow_up))
        self.steps.append(FollowUp(follow_up, result.text))
        yield self._told("follow_up", result, line, gathered, "", follow_up=follow_up)
        sure = stop_above < 1 and result.called.probability > stop_above
        return f"the intermediate answer has a probability of {result.called.probability:.2f}" if sure else ""

    def decompose(self, n: int) -> Generator[Event, None, list[str]]:
        """Yield up to n sub-questions, one after another and without any answer; returns them."""
        follow_ups: list[str] = []
        while len(follow_ups) < n:
            begun = "".join(f"{prompts.begun_line(FOLLOW_UP)} {text}" for text in follow_ups)
            result = yield from self._call("decompose", begun + prompts.begun_line(FOLLOW_UP))
            if not result.text or _plain(result.text) in map(_plain, follow_ups):
                break
            follow_ups.append(result.text)
        return follow_ups

    def answer_apart(self, follow_up: str) -> Generator[Event, None, None]:
        """Yield the documents for a sub-question and its answer, as if it were the only question."""
        gathered = yield from self.gather(follow_up)
        texts = tuple(passage.text for passage in gathered.all)
        content = PromptContent(follow_up, texts, (), iterates=False)
        result = yield from self._calls.call(content, "intermediate", len(self.steps))
        self.steps.append(FollowUp(follow_up, result.text))
        yield self._told("follow_up", result, None, gathered, "", follow_up=follow_up)

    def end(self, result: CallResult, line: Line | None, why: str) -> Generator[Event, None, ScalingAnswered]:
        """Yield the last iteration and the answer, and return it; line: None where the final answer was forced."""
        yield self._told("final", result, line, Gathered(), why)
        content, config = result.content, self._config
        counts = AnswerCounts(
            len(content.documents), len(content.demonstrations), len(self.steps), self._retrieving_ms, self._ttft_ms
        )
        answer = summed(self._question, result, self._calls, counts, config, at_s=self._context.rt.elapsed_s())
        yield answer
        return answer

    def _call(self, purpose: CallPurpose, begun: str, starts: Sequence[str] = ()) -> Generator[Event, None, CallResult]:
        texts = tuple(passage.text for passage in self._passages)
        content = PromptContent(self._question, texts, self._shown, True, tuple(self.steps), begun)
        is_first = not self._calls.made
        result = yield from self._calls.call(content, purpose, len(self.steps), starts=starts, allowed=_ALLOWED)
        self._ttft_ms = result.ttft_ms if is_first else self._ttft_ms
        return result

    def _told(
        self, end: IterationEnd, result: CallResult, line: Line | None, gathered: Gathered, why: str, *,
        follow_up: str = "",
    ) -> IterationFinished:  # fmt: skip
        """The event of an iteration, which has all calls since the last one."""
        calls = self._calls.made[self._n_told :]
        self._n_told = len(self._calls.made)
        notes = [why, line.note if line else "", gathered.note, *(call.note for call in calls)]
        return IterationFinished(
            calls[-1].iteration, end, follow_up, gathered.new, gathered.n_known, result.text,
            result.called.probability, line.starts if line else (), forced=line is None,
            input_tokens=sum(call.input_tokens for call in calls),
            cached_tokens=sum(call.cached_tokens for call in calls),
            output_tokens=sum(call.output_tokens for call in calls),
            retrieving_ms=gathered.ms,
            ms=sum(call.prefill_ms + call.decode_ms for call in calls),
            note="; ".join(dict.fromkeys(filter(None, notes))),
            at_s=self._context.rt.elapsed_s(),
        )  # fmt: skip


def _plain(question: str) -> str:
    return question.casefold().strip(" ?.!")


def _odd(starts: Sequence[StartScore]) -> str:
    """What is out of the ordinary about these scores, in words; empty for most."""
    together = fsum(exp(start.log_p) for start in starts)
    best = max(starts, key=lambda start: start.log_p)
    notes = []
    if together < _LEAST_KNOWN:
        notes.append(f"the three beginnings have {together:.1%} of the probability: it hardly knows this format")
    if best.start == INTERMEDIATE:
        notes.append("it would have answered before it asked")
    return "; ".join(notes)
