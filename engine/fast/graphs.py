"""Work that is called again and again with the same tensors: as it comes, or as a CUDA graph; knows no models."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import torch

T = TypeVar("T")


class Repeater(Protocol):
    """Turns work of fixed shape over fixed tensors into something cheaper to call again."""

    captures: bool

    def repeated(self, work: Callable[[], T]) -> Callable[[], T]:
        """The same work. What one call returns may be overwritten by the next call of anything repeated here."""


class AsItComes:
    """Calls the work itself: where there are no CUDA graphs, and where none are wanted."""

    captures = False

    def repeated(self, work: Callable[[], T]) -> Callable[[], T]:
        """The work as it is."""
        return work


class Graphs:
    """Captures work as CUDA graphs that share one memory pool, so they must be called one after another."""

    captures = True

    def __init__(self, device: torch.device) -> None:
        self.stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self.pool = torch.cuda.graph_pool_handle()

    def repeated(self, work: Callable[[], T]) -> Callable[[], T]:
        """Work that runs as it is at its first call, is captured at its second, and only replayed from then on.

        The first call is what a capture wants as warm-up, and its result counts like any other, so that nothing is
        computed for show and what is asked for only once is never captured."""
        return _Captured(work, self)


class _Captured(Generic[T]):
    """One piece of work on its way from a call to a graph."""

    def __init__(self, work: Callable[[], T], graphs: Graphs) -> None:
        self._work, self._graphs = work, graphs
        self._warm = False
        self._graph: torch.cuda.CUDAGraph | None = None
        self._result: list[T] = []

    def __call__(self) -> T:
        """Do the work, in whichever form it has reached, in the order of the current stream."""
        if not self._warm:
            self._warm = True
            return self._aside()
        if self._graph is None:
            self._graph = self._capture()
        self._graph.replay()
        return self._result[0]

    def _aside(self) -> T:
        """Run on the stream that captures, whose handles and workspaces a capture then finds in place."""
        side = self._graphs.stream
        current = torch.cuda.current_stream(side.device)
        side.wait_stream(current)
        with torch.cuda.stream(side):
            result = self._work()
        current.wait_stream(side)
        return result

    def _capture(self) -> torch.cuda.CUDAGraph:
        """Record the work without doing it; other threads may use the device meanwhile."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, self._graphs.pool, self._graphs.stream, capture_error_mode="thread_local"):
            self._result = [self._work()]
        return graph
