"""What has no start of its own gets one: before its first event that is kept, and not if it is refused before."""

from collections.abc import Iterator

import pytest

from engine.commands import Load, Measure, Train
from engine.errors import InputError
from engine.events import Event, ModelUnloaded, Progressed, ScalingMeasured, TrainingEstimated, Warned, WorkStarted
from engine.runtime import Provenance
from engine.session.session import Session
from engine.session.work_start import PairInUse, training_started, with_start

NOTHING = PairInUse(None, "none", Provenance())
TRAIN = Train("builtin", "book.txt", "/somewhere", {"objective": "cross-entropy"}, device="cpu")


def stream(*events: Event) -> Iterator[Event]:
    yield from events


def test_the_start_comes_before_the_first_event_that_is_kept() -> None:
    estimate = TrainingEstimated("builtin", "cpu", 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
    before = [Progressed("loading", 1, 2, "bytes"), Warned("slow", "wait")]
    *early, start, last = with_start(NOTHING, TRAIN, stream(*before, estimate))
    assert early == before
    assert last is estimate
    assert isinstance(start, WorkStarted)
    assert (start.kind, start.method, start.subject) == ("training", "cross-entropy", "book.txt")
    assert [role for role, _ in start.hashes] == ["target"]


def test_what_is_refused_before_leaves_nothing_behind() -> None:
    def refused() -> Iterator[Event]:
        yield Progressed("loading", 1, 2, "bytes")
        raise InputError("no", "yes")

    said = []
    with pytest.raises(InputError):
        for event in with_start(NOTHING, TRAIN, refused()):
            said.append(event)
    assert not any(isinstance(event, WorkStarted) for event in said)


def test_other_commands_pass_through() -> None:
    assert list(with_start(NOTHING, Load(), stream(ModelUnloaded()))) == [ModelUnloaded()]


def test_each_start_has_an_id_of_its_own() -> None:
    assert training_started(TRAIN).work_id != training_started(TRAIN).work_id


def test_a_measurement_says_which_pair_it_measured() -> None:
    session = Session()
    list(session.do(Load("timing:tiny", "timing:tiny-draft@0.7", device="cpu")))
    command = Measure(2, contexts=(16,), gammas=(1,), batches=(), n_new=8, n_blocks=3)
    events = [event for event in session.do(command) if not isinstance(event, Progressed)]
    start, *steps = events
    assert isinstance(start, WorkStarted)
    assert (start.kind, start.target, start.drafter) == ("measurement", "timing:tiny", "timing:tiny-draft@0.7")
    assert dict(start.settings)["contexts"] == "16"
    assert start.processor
    assert all(isinstance(step, ScalingMeasured) for step in steps)
