"""Work of fixed shape that is called again and again, as CUDA graphs; knows no models."""

from collections.abc import Callable
from functools import cache
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

Work: TypeAlias = Callable[[], Tensor]


class Repeater(Protocol):
    """Turns work of fixed shape over fixed tensors into something cheaper to call again."""

    def repeated(self, work: Work) -> Work:
        """The same work; what a call returns holds until the next call of any."""


class Graphs:
    """Captures work as CUDA graphs that share one memory pool, so they must be called one after another."""

    def __init__(self, device: torch.device) -> None:
        self.stream = capture_stream(device)
        self.pool = torch.cuda.graph_pool_handle()

    def repeated(self, work: Work) -> Work:
        """Work that runs as it is at its first call, is captured at its second, and only replayed from then on.

        The first call is what a capture wants as warm-up, and its result counts like any other, so that nothing is
        computed for show and what is asked for only once is never captured."""
        return _Captured(work, self)


@cache
def capture_stream(device: torch.device) -> torch.cuda.Stream:
    """The one stream of a device that captures: libraries keep a workspace for each stream they were ever called on."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


class _Captured:
    """One piece of work on its way from a call to a graph."""

    def __init__(self, work: Work, graphs: Graphs) -> None:
        self._work, self._graphs = work, graphs
        self._warm = False
        self._held: tuple[torch.cuda.CUDAGraph, Tensor] | None = None

    def __call__(self) -> Tensor:
        """Do the work, in whichever form it has reached, in the order of the current stream."""
        if not self._warm:
            result = self._aside()
            self._warm = True
            return result
        if self._held is None:
            self._held = self._capture()
        graph, result = self._held
        graph.replay()
        return result

    def _aside(self) -> Tensor:
        """Run on the stream that captures, whose handles and workspaces a capture then finds in place."""
        side = self._graphs.stream
        current = torch.cuda.current_stream(side.device)
        side.wait_stream(current)
        with torch.cuda.stream(side):
            result = self._work()
        current.wait_stream(side)
        return result

    def _capture(self) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        """Record the work without doing it; other threads may use the device meanwhile."""
        graph = torch.cuda.CUDAGraph()
        pool, stream = self._graphs.pool, self._graphs.stream
        with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
            result = self._work()
        return graph, result
