"""Evaluates a loaded pair, for a host: what `rag eval` finds, as events while it grows; decides nothing of it."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from threading import Event as Flag
from typing import TYPE_CHECKING, TypeAlias

from engine.commands import Evaluate
from engine.errors import EngineError
from engine.evaluation.config import USUAL_KINDS, EvaluationConfig
from engine.evaluation.figures import figures
from engine.evaluation.file import Grid, QuestionLine, every_sampling
from engine.evaluation.run import EvaluationPlan, Opened
from engine.evaluation.run import evaluate as evaluation
from engine.events import EvaluationMeasured, Event
from engine.events.evaluation import Figures
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.runtime import Cancelled
from engine.settings import make_config

if TYPE_CHECKING:
    from engine.session.session import Session

# Intervals are drawn anew with each question: they may take so much less time than the questions.
_SHARE = 10
Item: TypeAlias = Event | Opened | QuestionLine | Figures


def planned(asked: Evaluate) -> EvaluationPlan:
    """What is to be evaluated; of a world, its usual kinds. Raises InputError: a setting out of its bounds."""
    options = make_config(EvaluationConfig, asked.options)
    config = make_config(SpeculativeRagConfig, {**asked.settings, "seed": options.seed})
    grid = every_sampling((config.m,), (config.k,)) if options.ablation else Grid()
    return EvaluationPlan(
        asked.dataset, options.questions, USUAL_KINDS, asked.index, asked.embedder, config, grid, options.form
    )


def answers(session: "Session", plan: EvaluationPlan, cancelled: Flag) -> Generator[Item, None, None]:
    """Ask the loaded pair questions with known answers; see `evaluation.run` for what it yields."""
    yield from session.on_pair(session.context(cancelled), partial(evaluation, plan, librarian=session))


def evaluate(session: "Session", asked: Evaluate, cancelled: Flag) -> Iterator[Event]:
    """Ask the loaded pair questions with known answers; see `events_of` for its events."""
    yield from events_of(answers(session, planned(asked), cancelled), cancelled)


HANDLERS = {Evaluate: evaluate}


def events_of(items: Generator[Item, None, None], cancelled: Flag) -> Iterator[Event]:
    """Yield progress and, now and then, what was found so far; the last is of all questions.

    Raises Cancelled soon after `cancelled` is set: what was answered is in the file, and was said before."""
    told = _Told()
    try:
        with closing(items):
            for item in items:
                yield from told.take(item)
                if cancelled.is_set() and not told.complete:
                    raise Cancelled
    except Cancelled as err:
        if told.opened is None:
            raise EngineError("stopped before the first question", "start it again") from err
        if told.n_untold:
            yield told.so_far()
        raise


class _Told:
    """What was said so far. opened: None before the first question; complete: all were asked; n_untold: questions
    answered since the last figures."""

    def __init__(self) -> None:
        self.opened: Opened | None = None
        self.complete = False
        self.n_untold = 0
        self._lines: list[QuestionLine] = []
        self._not_before = 0.0

    def take(self, item: Item) -> Iterator[Event]:
        """Take in one thing that was said; yields what a host is to say of it."""
        match item:
            case Opened():
                self.opened = item
                yield self.so_far()
            case QuestionLine():
                self._lines.append(item)
                self.n_untold += 1
                if time.perf_counter() >= self._not_before:
                    yield self.so_far()
            case Figures():
                assert self.opened is not None
                self.complete = True
                yield EvaluationMeasured(str(self.opened.path), item)
            case _:
                yield item

    def so_far(self) -> EvaluationMeasured:
        """The figures of what was answered so far, without intervals that would hold up questions and a stop."""
        assert self.opened is not None
        began = time.perf_counter()
        found = figures(self.opened.head, self._lines, complete=False)
        self.n_untold = 0
        now = time.perf_counter()
        self._not_before = now + _SHARE * (now - began)
        return EvaluationMeasured(str(self.opened.path), found, complete=False)
