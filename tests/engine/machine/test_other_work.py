"""What other programs compute during a timed block is noticed."""

import pytest

from engine.machine import other_work
from engine.machine.other_work import CpuShare, OtherWork


@pytest.fixture
def block(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float, float]]:
    """The clock, the busy time of two processors and our own time at the beginning and the end of a block."""
    readings: list[tuple[float, float, float]] = []
    monkeypatch.setattr(other_work, "_SHORTEST_S", 0.1)
    monkeypatch.setattr(other_work, "_now", lambda: readings.pop(0))
    monkeypatch.setattr(other_work, "_processors", lambda: (0, 1))
    return readings


def test_busy_time_that_is_not_ours_is_that_of_others(block: list[tuple[float, float, float]]) -> None:
    block += [(10.0, 100.0, 5.0), (12.0, 103.0, 7.0)]
    share = OtherWork().ended()
    assert share == CpuShare(own=1.0, others=0.5, n_processors=2)


def test_others_are_never_fewer_than_none_nor_more_than_there_are_processors(
    block: list[tuple[float, float, float]],
) -> None:
    block += [(0.0, 0.0, 0.0), (1.0, 1.5, 1.6), (0.0, 0.0, 0.0), (1.0, 9.0, 0.5)]
    shares = OtherWork().ended(), OtherWork().ended()
    assert [share and share.others for share in shares] == [0.0, 2.0]


def test_nothing_is_said_of_a_short_block(block: list[tuple[float, float, float]]) -> None:
    block += [(0.0, 0.0, 0.0), (0.05, 0.1, 0.05)]
    assert OtherWork().ended() is None


@pytest.mark.parametrize(
    ("others", "n_threads", "disturbs"),
    [(0.25, 2, False), (0.35, 2, True), (1.0, 1, False), (1.2, 1, True), (0.25, 9, False), (0.35, 9, True)],
)
def test_others_may_use_what_our_threads_leave_free(others: float, n_threads: int, disturbs: bool) -> None:
    assert CpuShare(1.0, others, 2).disturbs(n_threads) is disturbs


def test_this_machine_tells_its_processor_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_work, "_SHORTEST_S", 0.0)
    share = OtherWork().ended()
    assert share is not None
    assert share.n_processors >= 1
    assert 0 <= share.others <= share.n_processors
