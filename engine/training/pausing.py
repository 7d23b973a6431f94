"""Runs work in short steps, between which it may be stopped.

* imports neither Qt nor torch."""

from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")
# Called between two steps of long work; raises where it is to be stopped.
Pause: TypeAlias = Callable[[], None]


def no_pause() -> None:
    """Never stop."""


def finished(work: Generator[object, None, T], pause: Pause = no_pause) -> T:
    """Run work to its end and return its result; `pause` is called after each of its steps."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        pause()
