"""Time marks and the milliseconds between them; on CUDA, marks are stream events, recorded without waiting."""

import time
from typing import Protocol, TypeAlias

import torch

Mark: TypeAlias = "float | torch.cuda.Event"


class Clock(Protocol):
    """Times phases of a round. Read intervals only after the round's own wait for the device."""

    def mark(self) -> Mark:
        """Mark the current point of the work."""

    def ms(self, start: Mark, end: Mark) -> float:
        """Milliseconds between two marks."""


class HostClock:
    """Wall time; correct on devices where work is finished when a call returns."""

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
        """Record an event on the current stream."""
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
    """Wait until the device has finished all queued work, so that the time of a phase includes it."""
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()  # sync: between what is timed apart, such as prompt and rounds
