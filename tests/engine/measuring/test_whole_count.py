"""The parts of a measurement as one count."""

from collections.abc import Generator

from engine.events import Event, Progressed, Warned
from engine.measuring.whole_count import WholeCount


def part(n: int) -> Generator[Event, None, str]:
    for i in range(n):
        yield Progressed("measuring", i + 1, n, "prompts")
    yield Warned("hot", "wait")
    return "calls"


def test_parts_share_one_total_and_one_time_left() -> None:
    now = iter([0.0, *(3.0 * i for i in range(1, 9))])
    count = WholeCount(10, lambda: next(now))
    assert list(count.part(part(2), n_per_unit=3)) == [
        Progressed("measuring", 3, 10, "blocks", 3.0, 7.0),
        Progressed("measuring", 6, 10, "blocks", 6.0, 4.0),
        Warned("hot", "wait"),
    ]
    assert count.add(2) == Progressed("measuring", 8, 10, "blocks", 9.0, 2.25)
    assert list(count.part(part(2), n_per_unit=1))[1] == Progressed("measuring", 10, 10, "blocks", 15.0, 0.0)
