"""Marks in time and the milliseconds between them; on CUDA the marks are events on the stream, free of waits."""

import time
from typing import Protocol, TypeAlias

import torch

Mark: TypeAlias = "float | torch.cuda.Event"


class Clock(Protocol):
    """Times phases of a round. Intervals may be read once the round's own wait for the device is over."""

    def mark(self) -> Mark:
        """A mark at this point of the work."""

    def ms(self, start: Mark, end: Mark) -> float:
        """Milliseconds between two marks."""


class HostClock:
    """Wall time, right where work is done by the time a call returns."""

    def mark(self) -> float:
        """Seconds of a monotonic clock."""
        return time.perf_counter()

    def ms(self, start: Mark, end: Mark) -> float:
        """Milliseconds between two marks of this clock."""
        assert isinstance(start, float) and isinstance(end, float)
        return 1e3 * (end - start)


class CudaClock:
    """CUDA events: the time the device spent between two points of its stream."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def mark(self) -> torch.cuda.Event:
        """An event recorded on the current stream."""
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self._device))
        return event

    def ms(self, start: Mark, end: Mark) -> float:
        """Milliseconds between two events."""
        assert isinstance(start, torch.cuda.Event) and isinstance(end, torch.cuda.Event)
        end.synchronize()  # sync: the last mark of a round lies after the round's own wait
        return float(start.elapsed_time(end))


def clock_for(device: torch.device) -> Clock:
    """The clock that measures work on `device`."""
    return CudaClock(device) if device.type == "cuda" else HostClock()


def settle(device: torch.device) -> None:
    """Wait until the device has done what it was asked to do, so that the time of a phase ends with its work."""
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()  # sync: between what is timed apart, such as prompt and rounds
