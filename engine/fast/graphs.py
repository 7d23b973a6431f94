"""Captures work of fixed shape that is called again and again as CUDA graphs."""

from collections.abc import Callable
from functools import cache
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

Work: TypeAlias = Callable[[], Tensor]


class Repeater(Protocol):
    """Turns work of fixed shape over fixed tensors into something cheaper to call again."""

    def repeated(self, work: Work) -> Work:
        """The same work; the result of a call is valid until the next call of any."""


class Graphs:
    """Captures work as CUDA graphs that share one memory pool, so they must be called one after another."""

    def __init__(self, device: torch.device) -> None:
        self.stream = capture_stream(device)
        self.pool = torch.cuda.graph_pool_handle()

    def repeated(self, work: Work) -> Work:
        """Work that runs directly at its first call, is captured at its second, and is only replayed from then on.

        The first call doubles as the warm-up that a capture needs, so that nothing is computed in vain, and work that
        is called only once is never captured."""
        return _Captured(work, self)


@cache
def capture_stream(device: torch.device) -> torch.cuda.Stream:
    """The only capturing stream of a device: libraries keep a workspace for every stream they were called on."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


class _Captured:
    """Work that turns from a direct call into a graph."""

    def __init__(self, work: Work, graphs: Graphs) -> None:
        self._work, self._graphs = work, graphs
        self._warm = False
        self._graph_and_result: tuple[torch.cuda.CUDAGraph, Tensor] | None = None

    def __call__(self) -> Tensor:
        """Run, capture or replay the work, in the order of the current stream."""
        if not self._warm:
            result = self._warm_up()
            self._warm = True
            return result
        if self._graph_and_result is None:
            self._graph_and_result = self._capture()
        graph, result = self._graph_and_result
        graph.replay()
        return result

    def _warm_up(self) -> Tensor:
        """Run on the capturing stream, so that its library handles and workspaces exist before a capture."""
        stream = self._graphs.stream
        current = torch.cuda.current_stream(stream.device)
        stream.wait_stream(current)
        with torch.cuda.stream(stream):
            result = self._work()
        current.wait_stream(stream)
        return result

    def _capture(self) -> tuple[torch.cuda.CUDAGraph, Tensor]:
        """Record the work without running it; other threads may use the device meanwhile."""
        graph = torch.cuda.CUDAGraph()
        pool, stream = self._graphs.pool, self._graphs.stream
        with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
            result = self._work()
        return graph, result
