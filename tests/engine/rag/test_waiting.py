"""Work that another program is in the way of: waited for and said once, begun again, and stopped on request."""

from collections.abc import Generator

import pytest

from engine.errors import InputError, InUse
from engine.events import Event, Progressed, Warned
from engine.rag import waiting
from engine.runtime import Cancelled
from tests.scaling import told

STEP = Progressed("reading", 1, 2, "files")


class Making:
    """Is refused a number of times, then makes a thing."""

    def __init__(self, n_refusals: int) -> None:
        self.n_left = n_refusals

    def __call__(self) -> Generator[Event, None, str]:
        if self.n_left:
            self.n_left -= 1
            raise InUse("the index is being made by another program", "wait")
        yield STEP
        return "made"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_EVERY_S", 0.0)


def test_what_is_free_is_made_without_a_word() -> None:
    assert told(waiting.when_free(Making(0))) == ([STEP], "made")


def test_another_program_is_waited_for_and_named_once() -> None:
    events, made = told(waiting.when_free(Making(3)))
    assert made == "made" and events[-1] == STEP
    [warned] = [event for event in events if isinstance(event, Warned)]
    assert (events[0], warned.message) == (warned, "the index is being made by another program")
    assert [event.phase for event in events[1:-1] if isinstance(event, Progressed)] == ["waiting"] * 3


def test_a_stop_ends_the_waiting_and_the_work() -> None:
    def stop() -> None:
        raise Cancelled

    for making in (Making(1), Making(0)):
        steps = waiting.when_free(making, stop)
        next(steps)
        with pytest.raises(Cancelled):
            next(steps)


def test_any_other_refusal_is_passed_on() -> None:
    def refused() -> Generator[Event, None, str]:
        yield STEP
        raise InputError("no such file", "name one")

    with pytest.raises(InputError, match="no such file"):
        told(waiting.when_free(refused))
