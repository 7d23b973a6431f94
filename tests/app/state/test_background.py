"""Jobs beside the window: in order, newest answer of a topic, failures as answers, an end."""

import threading
from collections.abc import Callable

from app.state.background import Background
from engine.errors import EngineError, InputError


def failing(err: Exception) -> Callable[[], int]:
    def work() -> int:
        raise err

    return work


def delivered(background: Background) -> None:
    """Wait for all results."""
    while background.busy:
        background.deliver()


def test_results_arrive_in_order_on_the_thread_that_asks_for_them() -> None:
    background, got = Background("test", lambda _: None), []
    for i in range(5):
        background.ask(
            threading.current_thread, lambda worker, i=i: got.append((i, worker, threading.current_thread()))
        )
    delivered(background)
    assert [i for i, _, _ in got] == [0, 1, 2, 3, 4]
    assert all(worker is not here for _, worker, here in got)


def test_only_the_newest_of_a_topic_is_delivered_and_those_in_between_are_not_even_run() -> None:
    background, got, ran, gate = Background("test", lambda _: None), list[int](), list[int](), threading.Event()
    background.ask(lambda: gate.wait(10), lambda _: None)

    def work(i: int) -> int:
        ran.append(i)
        return i

    for i in range(4):
        background.ask(lambda i=i: work(i), got.append, topic="filter")
    gate.set()
    delivered(background)
    assert (got, ran) == ([3], [3])


def test_failures_are_delivered_and_the_next_job_runs() -> None:
    failures, got = list[EngineError](), list[int]()
    background = Background("test", failures.append)
    for err in (InputError("no", "do"), OSError("disk"), ValueError("odd")):
        background.ask(failing(err), got.append)
    background.ask(lambda: 1, got.append)
    delivered(background)
    assert [failure.message for failure in failures] == ["no", "disk", "ValueError: odd"]
    assert got == [1]


def test_closing_waits_for_the_job_under_way_and_delivers_nothing() -> None:
    background, got, gate = Background("test", lambda _: None), list[bool](), threading.Event()
    background.ask(lambda: gate.wait(10), got.append)
    background.ask(lambda: True, got.append)
    threading.Timer(0.05, gate.set).start()
    background.close()
    assert not background.busy
    assert not background.deliver()
    assert got == []
