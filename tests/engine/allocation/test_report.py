"""A sweep's file as a fit, and whether it is of what is loaded now."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from engine.allocation.report import fitted_sweep
from engine.allocation.sweep_file import SweepFile
from engine.events import AllocationFitted
from tests.allocations import CELLS, answered
from tests.engine.allocation.test_fitting import chance
from tests.engine.allocation.test_sweep_file import HEAD


@pytest.fixture
def file() -> Iterator[SweepFile]:
    opened = SweepFile(HEAD)
    for i in range(10):
        for cell in CELLS:
            opened.add(answered(f"q{i}", cell, right=i / 10 < chance("single", cell)))
    opened.close()
    yield opened


def test_a_fit_names_what_it_is_of(file: SweepFile) -> None:
    fitted = fitted_sweep(file.path, "logit", "accuracy", {"target": "t"})
    assert isinstance(fitted, AllocationFitted)
    assert (fitted.n_questions, fitted.n_cells, fitted.why_stale) == (10, len(CELLS), "")
    assert dict(fitted.fingerprints) == HEAD.models and fitted.documents == "d"
    assert {cell.allocation for cell in fitted.predictions} > set(CELLS)


def test_a_fit_of_another_model_says_so(file: SweepFile) -> None:
    fitted = fitted_sweep(file.path, "paper", "f1", {"target": "u", "documents": "x"})
    assert fitted.why_stale.startswith("the target and the documents changed since this sweep (builtin)")


def test_answers_that_were_judged_come_as_a_ladder(file: SweepFile) -> None:
    fitted = fitted_sweep(file.path, "logit", "accuracy")
    assert fitted.escalation is None and fitted.why_no_escalation == "this sweep did not judge its answers"
    judged = SweepFile(replace(HEAD, settings={**HEAD.settings, "quality": "self_reflect"}))
    for i in range(10):
        for cell in CELLS:
            judged.add(answered(f"q{i}", cell, right=i / 10 < chance("single", cell), quality=i / 10))
    judged.close()
    ladder = fitted_sweep(judged.path, "logit", "accuracy").escalation
    assert ladder is not None and ladder.score == "self_reflect" and len(ladder.questions) == 10
    assert len(ladder.steps) == 3 and ladder.questions[3].quality == (0.3, 0.3, 0.3)
