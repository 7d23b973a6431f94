"""Work in steps, stopped between two of them."""

from collections.abc import Generator

import pytest

from engine.training.pausing import finished


def work(steps: list[int]) -> Generator[int, None, str]:
    for step in range(5):
        steps.append(step)
        yield step
    return "result"


def test_work_runs_to_its_end_and_gives_its_result() -> None:
    assert finished(work([])) == "result"


def test_a_pause_that_raises_ends_the_work_after_the_step() -> None:
    steps: list[int] = []

    def stop() -> None:
        if len(steps) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finished(work(steps), stop)
    assert steps == [0, 1]
