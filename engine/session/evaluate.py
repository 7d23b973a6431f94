"""Evaluates the loaded pair for a host: the figures of `rag eval`, as events while they grow."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from threading import Event as Flag
from typing import TYPE_CHECKING, TypeAlias

from engine.commands import Evaluate
from engine.documents.sources import BUILTIN
from engine.errors import EngineError
from engine.evaluation.config import EvaluationConfig, listed
from engine.evaluation.figures import figures
from engine.evaluation.file import Grid, QuestionLine, every_sampling
from engine.evaluation.run import EvaluationPlan, Opened
from engine.evaluation.run import evaluate as evaluation
from engine.evaluation.turns import ScalingSystems
from engine.events import EvaluationMeasured, Event
from engine.events.evaluation import Figures
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.runtime import Cancelled
from engine.settings import make_config

if TYPE_CHECKING:
    from engine.session.session import Session

# Figures are computed again only after this many times as long as the last computation took.
_PAUSE_FACTOR = 10
Item: TypeAlias = Event | Opened | QuestionLine | Figures


def planned(command: Evaluate) -> EvaluationPlan:
    """The plan of an evaluation. Raises InputError: a setting is out of its bounds."""
    options = make_config(EvaluationConfig, command.options)
    config = make_config(SpeculativeRagConfig, {**command.settings, "seed": options.seed})
    grid = every_sampling((config.m,), (config.k,)) if options.ablation else Grid()
    scaling = None
    if options.scaling:
        scaling = ScalingSystems(options.shots, options.iterations, command.index or BUILTIN)
    return EvaluationPlan(
        command.dataset, options.questions, listed(options.kinds), command.index, command.embedder, config, grid,
        options.form, scaling,
    )  # fmt: skip


def answers(session: "Session", plan: EvaluationPlan, cancelled: Flag) -> Generator[Item, None, None]:
    """Ask the loaded pair questions with known answers; see `evaluation.run` for what it yields."""
    yield from session.on_pair(session.context(cancelled), partial(evaluation, plan, librarian=session))


def evaluate(session: "Session", command: Evaluate, cancelled: Flag) -> Iterator[Event]:
    """Ask the loaded pair questions with known answers; see `events_of` for its events."""
    yield from events_of(answers(session, planned(command), cancelled), cancelled)


HANDLERS = {Evaluate: evaluate}


def events_of(items: Generator[Item, None, None], cancelled: Flag) -> Iterator[Event]:
    """Yield progress and, now and then, the figures so far; the last figures are those of all questions.

    Raises Cancelled soon after `cancelled` is set: the answers are in the file, and their figures were yielded."""
    figures_so_far = _FiguresSoFar()
    try:
        with closing(items):
            for item in items:
                yield from figures_so_far.take(item)
                if cancelled.is_set() and not figures_so_far.complete:
                    raise Cancelled
    except Cancelled as err:
        if figures_so_far.opened is None:
            raise EngineError("stopped before the first question", "start it again") from err
        if figures_so_far.n_unreported:
            yield figures_so_far.event()
        raise


class _FiguresSoFar:
    """Turns the items of an evaluation into events. opened: None before the first question; complete: all were asked;
    n_unreported: questions answered since the last figures."""

    def __init__(self) -> None:
        self.opened: Opened | None = None
        self.complete = False
        self.n_unreported = 0
        self._lines: list[QuestionLine] = []
        self._not_before = 0.0

    def take(self, item: Item) -> Iterator[Event]:
        """Take one item of the evaluation; yields the events that a host reports for it."""
        match item:
            case Opened():
                self.opened = item
                yield self.event()
            case QuestionLine():
                self._lines.append(item)
                self.n_unreported += 1
                if time.perf_counter() >= self._not_before:
                    yield self.event()
            case Figures():
                assert self.opened is not None
                self.complete = True
                yield EvaluationMeasured(str(self.opened.path), item)
            case _:
                yield item

    def event(self) -> EvaluationMeasured:
        """The figures of the answers so far, without the intervals that would delay questions and a stop."""
        assert self.opened is not None
        started = time.perf_counter()
        current_figures = figures(self.opened.head, self._lines, complete=False)
        self.n_unreported = 0
        now = time.perf_counter()
        self._not_before = now + _PAUSE_FACTOR * (now - started)
        return EvaluationMeasured(str(self.opened.path), current_figures, complete=False)
