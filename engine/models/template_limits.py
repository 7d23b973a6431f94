"""Limits on a chat template, which comes with a model and is a program of strangers: time, memory, length, sums.

Its reach is limited by the sandbox that transformers renders it in.
* imports neither Qt nor torch."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import jinja2
import psutil

MOST_CHARACTERS = 200_000
_MOST_SECONDS = 2.0  # of this thread's own work, so that a busy machine changes nothing
_LARGEST_NUMBER = 10**9
# Memory is looked at only when a template takes longer than any honest one: looking costs as much as a render.
_SUSPICIOUS_SECONDS, _MOST_BYTES = 0.1, 1 << 30


class TemplateTooLong(Exception):
    """A template that does not end in time, or would fill the memory."""


def refuse_endless_sums(source: str) -> None:
    """Raises TemplateTooLong for what would compute without end in a single step, which no time limit can stop.

    Raises jinja2.TemplateSyntaxError where the template cannot be read."""
    if len(source) > MOST_CHARACTERS:
        raise TemplateTooLong(f"it has {len(source):,} characters")
    for _, kind, value in jinja2.Environment(trim_blocks=True, lstrip_blocks=True).lex(source):
        if kind == "operator" and value == "**":
            raise TemplateTooLong("it computes a power")
        if kind == "integer" and (len(value) > 12 or int(value, 0) > _LARGEST_NUMBER):
            raise TemplateTooLong("it holds a huge number")


@contextmanager
def limited_time(seconds: float = _MOST_SECONDS) -> Iterator[None]:
    """Raise TemplateTooLong in the block when this thread has worked so long on a template, or took too much memory."""
    began, before = time.thread_time(), sys.gettrace()
    process = psutil.Process()
    bytes_before = process.memory_info().rss

    def line(frame: FrameType, event: str, _: object) -> object:
        worked = time.thread_time() - began
        if worked > seconds:
            raise TemplateTooLong(f"it did not end within {seconds:g} s")
        if worked > _SUSPICIOUS_SECONDS and process.memory_info().rss - bytes_before > _MOST_BYTES:
            raise TemplateTooLong("it fills the memory")
        return line if frame.f_code.co_filename == "<template>" else None

    sys.settrace(line)  # type: ignore[arg-type]
    try:
        yield
    finally:
        sys.settrace(before)
