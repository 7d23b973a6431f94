"""Blocks that other programs disturbed are timed again, and the measurement says so."""

import pytest

from engine.events import Event, Warned
from engine.machine.other_work import CpuShare
from engine.measuring import blocks
from engine.measuring.blocks import Calls
from engine.measuring.systems import Call

QUIET, BUSY, BUSIER = CpuShare(2.0, 0.1, 2), CpuShare(1.0, 0.9, 2), CpuShare(1.0, 1.4, 2)


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> list[CpuShare | None]:
    """What is noticed of each block, in the order in which they are timed; quiet once the list is used up."""
    noticed: list[CpuShare | None] = []

    class Watch:
        def ended(self) -> CpuShare | None:
            return noticed.pop(0) if noticed else QUIET

    monkeypatch.setattr(blocks, "OtherWork", Watch)
    monkeypatch.setattr(blocks.torch, "get_num_threads", lambda: 2)
    return noticed


def measured(n_inputs: int, names: str = "ab") -> tuple[list[Event], Calls]:
    """Events and calls; each call takes as many milliseconds as calls were made."""
    count = iter(range(1, 1000))
    systems = {name: lambda value: Call((value,), float(next(count))) for name in names}
    events, measuring = [], blocks.interleave(systems, list(range(n_inputs)))
    while True:
        try:
            events.append(next(measuring))
        except StopIteration as end:
            return events, end.value


def warnings(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, Warned)]


def test_without_others_every_block_is_timed_once(shares: list[CpuShare | None]) -> None:
    events, calls = measured(2)
    assert [call.wall_ms for row in calls.values() for call in row] == [1.0, 4.0, 2.0, 3.0]
    assert not warnings(events)


def test_disturbed_block_is_timed_again_and_the_disturbance_is_said(shares: list[CpuShare | None]) -> None:
    shares += [QUIET, BUSY, QUIET]
    events, calls = measured(2)
    assert [call.wall_ms for call in calls["b"]] == [3.0, 4.0]
    (said,) = warnings(events)
    assert "1 of 4 timed blocks" in said
    assert "0.9 of 2 processors" in said
    assert "stayed" not in said


def test_block_that_stays_disturbed_keeps_its_least_disturbed_time(shares: list[CpuShare | None]) -> None:
    shares += [BUSIER, BUSY, BUSIER]
    events, calls = measured(2)
    assert calls["a"][0].wall_ms == 2.0
    assert "1 of them stayed disturbed" in warnings(events)[0]


def test_no_more_than_half_of_all_blocks_are_repeated(shares: list[CpuShare | None]) -> None:
    shares += [BUSY] * 100
    events, calls = measured(4)
    assert calls["a"][3].wall_ms <= 8 + 4 * 2
    assert "8 of 8 timed blocks" in warnings(events)[0]
    assert "8 of them stayed disturbed" in warnings(events)[0]


def test_blocks_too_short_to_be_watched_are_taken_as_they_are(shares: list[CpuShare | None]) -> None:
    shares += [None] * 4
    events, _ = measured(2)
    assert not warnings(events)


def test_what_disturbed_a_measurement_is_returned_with_its_calls(shares: list[CpuShare | None]) -> None:
    shares += [BUSY]
    noting = blocks.noting(blocks.interleave({"a": lambda value: Call((value,), 1.0)}, [1, 2, 3]))
    while True:
        try:
            next(noting)
        except StopIteration as end:
            calls, cautions = end.value
            break
    assert len(calls["a"]) == 3
    assert len(cautions) == 1
