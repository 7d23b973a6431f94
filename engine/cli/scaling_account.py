"""Prints and saves the events of an answer by DRAG or IterDRAG, and remembers what its summary needs."""

from collections.abc import Mapping

import msgspec

from engine.allocation.prices import TokenPrices, priced
from engine.cli.kept_log import KeptLog
from engine.cli.output import Output, Value
from engine.evaluation.questions import TRUE_OR_FALSE, GoldQuestion, is_right
from engine.events import (
    Allocation,
    AllocationRouted,
    DemonstrationsChosen,
    Event,
    IterationFinished,
    ModelCalled,
    QueryPriced,
    QuestionAnswered,
    Retrieved,
    RunFailed,
    RunFinished,
    RunStarted,
    ScalingAnswered,
    Warned,
)
from engine.events.iterations import ScalingSystem
from engine.rag.matching import same_words

TITLES: Mapping[ScalingSystem, str] = {
    "zero_shot": "zero-shot",
    "many_shot": "many-shot, without documents",
    "drag": "DRAG",
    "iterdrag": "IterDRAG",
    "iterdrag_popular": "popular variant of IterDRAG, which is not the paper's",
}


class ScalingReport:
    """The events of one answer so far."""

    def __init__(self, output: Output, kept: KeptLog, prices: TokenPrices | None = None) -> None:
        self._output, self._kept, self._prices = output, kept, prices
        self._is_running = False
        self._demonstrations: DemonstrationsChosen | None = None
        self._retrieved: list[Retrieved] = []
        self._calls: list[ModelCalled] = []
        self._iterations: list[IterationFinished] = []
        self._answer: ScalingAnswered | None = None
        self._standard: QuestionAnswered | None = None

    def take(self, event: Event) -> None:
        """Save, print and remember one event."""
        self._kept.take(event)
        self._is_running = not isinstance(event, RunFinished | RunFailed) and (
            self._is_running or isinstance(event, RunStarted)
        )
        self._output.event(event)
        match event:
            case AllocationRouted():  # asked again with more: what is accounted for is the last answer
                self._demonstrations, self._answer = None, None
                for items in (self._retrieved, self._calls, self._iterations):
                    items.clear()
            case DemonstrationsChosen():
                self._demonstrations = event
            case Retrieved():
                self._retrieved.append(event)
            case ModelCalled():
                self._calls.append(event)
            case IterationFinished():
                self._iterations.append(event)
            case ScalingAnswered():
                self._answer = event
            case QuestionAnswered(system="standard_rag"):
                self._standard = event
            case Warned():
                self._output.note(f"warning: {event.message}; {event.hint}")

    def close(self) -> None:
        """Close the log; what something else cut short, such as a closed output, ends as stopped."""
        if self._is_running:
            self._kept.take(RunFinished("cancelled", 0))
        self._kept.close()

    def summary(self) -> dict[str, Value]:
        """The fields of the summary; null for what was not reached."""
        answer, standard = self._answer, self._standard
        fields: dict[str, Value] = {} if answer is None else msgspec.to_builtins(answer)
        return {
            **{name: value for name, value in fields.items() if name not in ("event", "at_s")},
            "answer": None if answer is None else answer.answer,
            "effective_context": sum(call.input_tokens for call in self._calls),
            "iterations": sum(iteration.end == "follow_up" for iteration in self._iterations),
            "baseline_answer": None if standard is None else standard.answer,
            "baseline_latency_ms": None if standard is None else standard.latency_ms,
            "right": None if answer is None else is_known_right(answer.answer, answer.gold),
            "baseline_right": None
            if answer is None or standard is None
            else is_known_right(standard.answer, answer.gold),
            "priced": None if (price := self.priced()) is None else msgspec.to_builtins(price),
            "drafting_speedup": None if answer is None else drafting_speedup(answer),
            "notes": self._notes(),
            "run": self._kept.run_id,
        }

    def priced(self) -> QueryPriced | None:
        """What the answer took, and costs at entered prices; None without one."""
        answer = self._answer
        if answer is None:
            return None
        return priced(answer, Allocation(answer.k, answer.m, answer.n), None, self._prices)

    def _notes(self) -> list[str]:
        chosen = self._demonstrations.note if self._demonstrations is not None else ""
        of_question = self._retrieved[0].note if self._retrieved else ""
        notes = chosen, of_question, *(iteration.note for iteration in self._iterations)
        return list(dict.fromkeys(filter(None, notes)))

    def account(self) -> None:
        """Print the tree of questions and the answers for people."""
        write = self._output.console.print
        if self._retrieved:
            first = self._retrieved[0]
            write(f"{first.question}  ({len(first.passages)} documents)", markup=False)
        for iteration in self._iterations:
            if iteration.end == "follow_up":
                documents = f"{len(iteration.documents)} new documents, {iteration.n_known} known"
                write(f"  {iteration.follow_up}  ({documents})", markup=False)
                write(f"    {iteration.intermediate or 'no answer'}  ({_cost(iteration)})", markup=False)
        write()
        if self._answer is not None:
            self._write_answer(self._answer)
        if self._standard is not None:
            known = () if self._answer is None else self._answer.gold
            mark = _mark(self._standard.answer, known)
            if (
                not known
                and self._answer is not None
                and not same_words(self._standard.answer, self._answer.answer or "")
            ):
                mark = ", differs"
            said = self._standard.answer or "no answer"
            write(f"standard RAG: {said} ({self._standard.latency_ms:.0f} ms){mark}", markup=False)
        if (price := self.priced()) is not None and price.cost is not None:
            write(f"cost {price.cost:.6f} at the entered prices")
        for note in self._notes():
            self._output.note(note)

    def _write_answer(self, answer: ScalingAnswered) -> None:
        write = self._output.console.print
        write(
            f"{TITLES[answer.system]}: {answer.answer or 'no answer'} ({answer.latency_ms:.0f} ms)"
            f"{_mark(answer.answer, answer.gold)}",
            markup=False,
        )
        calls = f"{answer.n_calls} call{'s' * (answer.n_calls != 1)}"
        reused = answer.cached_tokens / max(1, answer.effective_context)
        write(
            f"effective context {answer.effective_context:,} tokens over {calls}, {reused:.0%} of them "
            f"not computed again; longest prompt {answer.longest_context:,}; {answer.output_tokens} written",
            markup=False,
        )
        if (speedup := drafting_speedup(answer)) is not None:
            same = "the same tokens" if answer.same_as_plain else "OTHER TOKENS"
            write(f"drafting: {speedup:.2f} times as fast as one token at a time, {same}", markup=False)


def drafting_speedup(answer: ScalingAnswered) -> float | None:
    """How many times as fast the answer was decoded as without drafts; None where that was not measured."""
    return None if answer.plain_decode_ms is None else answer.plain_decode_ms / max(1e-9, answer.decode_ms)


def is_known_right(answer: str | None, known: tuple[str, ...]) -> bool | None:
    """Whether an answer is right; None where that is not known."""
    labels = {choice.label for choice in TRUE_OR_FALSE}
    choices = TRUE_OR_FALSE if set(known) <= labels else ()
    return is_right(answer, GoldQuestion("", "", "", known, choices)) if known else None


def _mark(answer: str | None, known: tuple[str, ...]) -> str:
    right = is_known_right(answer, known)
    return "" if right is None else ", right" if right else f", wrong: it is {known[0]}"


def _cost(iteration: IterationFinished) -> str:
    return f"probability {iteration.probability:.2f}, {iteration.input_tokens:,} tokens, {iteration.ms:.0f} ms"
