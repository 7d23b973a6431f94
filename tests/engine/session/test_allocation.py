"""Sweeps and fits as a host asks for them."""

import msgspec
import pytest

from engine.commands import Command, FitAllocation, SweepAllocations
from engine.errors import InputError
from engine.evaluation.questions import GoldQuestion
from engine.evaluation.run import Exam
from engine.events import AllocationFitted, AnyEvent, Warned
from engine.session.allocation import with_answers
from engine.session.session import Session
from tests.allocations import CELLS, answered
from tests.engine.allocation.test_fitting import chance
from tests.engine.allocation.test_sweep_file import HEAD, SweepFile
from tests.library import FakeLibrary


def test_a_fit_needs_no_pair_and_survives_a_pipe() -> None:
    command = FitAllocation(form="logit")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(command), type=Command) == command
    with pytest.raises(InputError, match="no sweep yet"):
        list(Session().do(command))
    file = SweepFile(HEAD)
    for i in range(12):
        for cell in CELLS:
            file.add(answered(f"q{i}", cell, right=i / 12 < chance("single", cell)))
    file.close()
    (fitted,) = Session().do(command)
    assert isinstance(fitted, AllocationFitted) and fitted.form == "logit" and command.ends_with(fitted)
    assert msgspec.json.decode(msgspec.json.encode(fitted), type=AnyEvent) == fitted


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (SweepAllocations(), "no model is loaded"),
        (SweepAllocations(ks=(2000,)), "k = 2000"),
        (SweepAllocations(minutes=0.0), "minutes = 0"),
        (SweepAllocations(options={"questions": 0}), "questions = 0"),
        (SweepAllocations(settings={"temperature": -1.0}), "temperature"),
    ],
)
def test_a_sweep_is_refused_before_anything_is_asked(command: SweepAllocations, said: str) -> None:
    assert command.needs_pair
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(command), type=Command) == command
    with pytest.raises(InputError, match=said):
        list(Session().do(command))


def test_a_sweep_needs_answers() -> None:
    known, bare = GoldQuestion("a", "", "Where?", ("Bal",)), GoldQuestion("b", "", "When?", ())
    exam = Exam("own", (known,), lambda _: FakeLibrary(), "d", "e", n_unanswered=48)
    (warned,) = with_answers("own.jsonl", exam)
    assert isinstance(warned, Warned) and warned.message == "48 of the file's questions left out: no answer is known"
    assert list(with_answers("own.jsonl", exam._replace(n_unanswered=0))) == []
    with pytest.raises(InputError, match=r"a sweep needs answers, and no question of own.jsonl has one"):
        list(with_answers("own.jsonl", exam._replace(asked=(bare,))))
