"""Sweeps allocations over the loaded pair for a host, and fits what was swept."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.allocation import sweep_file
from engine.allocation.grid import cells_of, refuse_no_time
from engine.allocation.report import fitted_sweep
from engine.allocation.sweeping import SweepPlan, sweep
from engine.commands import FitAllocation, SweepAllocations
from engine.errors import InputError
from engine.evaluation.config import EvaluationConfig, listed
from engine.evaluation.file import Grid
from engine.evaluation.run import EvaluationPlan, Exam, exam_of
from engine.events import Event, Warned
from engine.methods.iterdrag.config import IterDragConfig
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.models import checkpoint_folder
from engine.runtime import RunContext
from engine.session.work_start import started_on_pair
from engine.settings import make_config

if TYPE_CHECKING:
    from engine.session.session import Session


def sweep_allocations(session: "Session", command: SweepAllocations, cancelled: Flag) -> Iterator[Event]:
    """Ask the loaded pair questions with every allocation; see `allocation.sweeping` for the events.

    Raises InputError before anything is asked: a setting or a number out of its bounds, nothing to ask."""
    cells = cells_of(command.ks, command.ms, command.ns)
    options = make_config(EvaluationConfig, command.options)
    config = make_config(IterDragConfig, {**command.settings, "seed": options.seed})
    refuse_no_time(command.minutes)
    most = max(1, *command.ks)
    # Of these settings an exam needs its seed, and how many passages are to fit.
    exam_config = SpeculativeRagConfig(seed=options.seed, n=min(200, most))
    plan = EvaluationPlan(
        command.dataset,
        options.questions,
        listed(options.kinds),
        command.index,
        command.embedder,
        exam_config,
        Grid(),
        options.form,
        answered=True,
    )

    def work(rt: RunContext) -> Iterator[Event]:
        """Make the exam and sweep over its questions, with the pair in memory."""
        exam = yield from exam_of(plan, rt, session)
        yield from with_answers(command.dataset, exam)
        yield started_on_pair(
            session.pair_in_use, "measurement", "allocation",
            (("k", _list(command.ks)), ("m", _list(command.ms)), ("n", _list(command.ns)), *command.options.items(),
             *command.settings.items()),
            command.dataset,
        )  # fmt: skip
        yield from sweep(SweepPlan(command.dataset, exam, cells, config, command.minutes, command.quality), rt)

    yield from session.on_pair(session.context(cancelled).asking(config.chat), work)


def with_answers(dataset: str, exam: Exam) -> Iterator[Event]:
    """Yield a warning of questions that were left out, without a known answer. Raises InputError where there is no
    other."""
    if not all(gold.answers for gold in exam.asked):  # then none has one
        hint = "write one with each question, or ask without by draftscope rag eval --scaling"
        raise InputError(f"a sweep needs answers, and no question of {dataset} has one", hint)
    if exam.n_unanswered:
        yield Warned(f"{exam.n_unanswered:,} of the file's questions left out: no answer is known", "a sweep needs one")


def _list(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


def fit_allocation(session: "Session", command: FitAllocation, cancelled: Flag) -> Iterator[Event]:
    """Fit a sweep. Raises InputError: there is none, or nothing can be fitted."""
    target = session.target
    current = {} if target is None else {"target": checkpoint_folder.fingerprint(target.spec)}
    path = Path(command.sweep) if command.sweep else newest(current.get("target", ""))
    yield fitted_sweep(path, command.form, command.metric, current)


def newest(target: str) -> Path:
    """The newest sweep of a target's fingerprint; where there is none, the newest of all, which is then stale."""
    try:
        return sweep_file.newest(target)
    except InputError:
        return sweep_file.newest()


HANDLERS = {SweepAllocations: sweep_allocations, FitAllocation: fit_allocation}
