"""Runs jobs one after another on a thread of its own, and hands their results over when it is asked for them.

* imports neither Qt nor torch."""

import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeVar

from engine.errors import EngineError

T = TypeVar("T")


class _Job(NamedTuple):
    """work runs on the thread and returns what delivers its result. topic: empty where every result counts."""

    topic: str
    number: int
    work: Callable[[], Callable[[], None]]


class Background:
    """The thread ends with the last job, so that nothing runs while nobody asks. on_failure: takes what went wrong.

    Results and failures are handed over by `deliver`, on the thread that calls it."""

    def __init__(self, name: str, on_failure: Callable[[EngineError], None]) -> None:
        self._name, self._on_failure = name, on_failure
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._thread: threading.Thread | None = None
        self._done: SimpleQueue[tuple[_Job, Callable[[], None]]] = SimpleQueue()
        self._newest: dict[str, int] = {}
        self._n_asked = 0
        self._n_open = 0

    @property
    def busy(self) -> bool:
        """Whether a result is still to be delivered."""
        return self._n_open > 0

    def ask(self, work: Callable[[], T], then: Callable[[T], None], *, topic: str = "") -> None:
        """Run `work`, later `then` with its result. topic: a newer job of the same topic makes this one superfluous."""

        def outcome() -> Callable[[], None]:
            result = work()
            return lambda: then(result)

        self._n_asked += 1
        self._n_open += 1
        with self._lock:
            self._newest[topic] = self._n_asked
            self._waiting.append(_Job(topic, self._n_asked, outcome))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"draftscope-{self._name}", daemon=True)
                self._thread.start()

    def deliver(self) -> bool:
        """Hand over the results that are there. Returns whether there were any."""
        any_delivered = False
        while True:
            try:
                job, hand_over = self._done.get_nowait()
            except Empty:
                return any_delivered
            self._n_open -= 1
            if not self._is_superfluous(job):
                hand_over()
                any_delivered = True

    def finish(self) -> None:
        """Wait for everything that was asked for and hand it over: for jobs of milliseconds, at the end."""
        while self.busy:
            with self._lock:
                thread = self._thread
            if thread is not None:
                thread.join()
            self.deliver()

    def close(self) -> None:
        """Drop the jobs that wait, wait for the one under way, and deliver nothing of them."""
        with self._lock:
            self._waiting.clear()
            thread = self._thread
        if thread is not None:
            thread.join()
        self._done = SimpleQueue()
        self._n_open = 0

    def _is_superfluous(self, job: _Job) -> bool:
        return job.topic != "" and self._newest[job.topic] != job.number

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                job = self._waiting.popleft()
            self._done.put((job, _nothing if self._is_superfluous(job) else self._outcome(job)))

    def _outcome(self, job: _Job) -> Callable[[], None]:
        try:
            return job.work()
        except EngineError as err:
            failure = err
        except OSError as err:
            failure = EngineError(str(err), "check the disk and the rights of the folder")
        except Exception as err:  # this thread's outermost frame: without an answer the window would wait for ever
            failure = EngineError(f"{type(err).__name__}: {err}", "this is a defect: please report it")
        return lambda: self._on_failure(failure)


def _nothing() -> None:
    """Deliver nothing."""
