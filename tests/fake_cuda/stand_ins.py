"""What stands in for torch.cuda besides tensors: events, streams, graphs, counts of devices and of memory."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn import functional

from engine.fast import attention_kernels, tree_attention
from tests.fake_cuda.watch import Attention, Tape, Watch, real

_OWN = {name: getattr(functional, name) for name in ("scaled_dot_product_attention", "rms_norm")}
N_DEVICES = 2
TOTAL_BYTES = 80 << 30


class Event:
    """A point of the stream. The stand-in of a device takes one millisecond for each operation."""

    _watch: Watch

    def __init__(self, *, enable_timing: bool = False) -> None:
        self._at = 0

    def record(self, stream: object = None) -> None:
        self._at = self._watch.launched()

    def synchronize(self) -> None:
        self._watch.wait(self._at, what="event")

    def elapsed_time(self, end: "Event") -> float:
        return float(end._at - self._at)


class Stream:
    """The one stream of a device: everything is done in order."""

    def __init__(self, watch: Watch, device: torch.device) -> None:
        self._watch, self.device = watch, device

    def synchronize(self) -> None:
        self._watch.wait(self._watch.launched(), what="stream")

    def wait_stream(self, other: object) -> None:
        assert self._watch.tape is None


class Graph:
    """A captured graph."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.tape = Tape()

    def replay(self) -> None:
        self._watch._n_launched += 1
        with torch._C._DisableTorchDispatch():
            self.tape.replay()


class Generator(torch.Generator):
    """One of the CPU, whichever device is asked for."""

    def __new__(cls, device: object = None) -> "Generator":
        return super().__new__(cls)


class LowerRight(NamedTuple):
    """Stands for torch's mask that is never made."""

    n: int
    n_positions: int


def kernels(watch: Watch) -> dict[str, Any]:
    """Attention and norms as single operations, as they are on a GPU; what falls back to many is a fault."""
    attend, norm = _OWN["scaled_dot_product_attention"], _OWN["rms_norm"]

    def attention(
        query: Tensor, key: Tensor, value: Tensor, attn_mask: Any = None, dropout_p: float = 0.0,
        is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
    ) -> Tensor:  # fmt: skip
        masked = isinstance(attn_mask, Tensor)
        if not isinstance(query, FakeTensor):
            return attend(query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa)
        if query.is_cuda:
            watch.attentions.append(Attention(tuple(query.shape), tuple(key.shape), attn_mask.numel() if masked else 0))
            if enable_gqa and query.shape[1] != key.shape[1] and (masked or query.dtype == torch.float32):
                watch.faults.append("attention with shared keys that no kernel takes: many operations instead")

        def computed(*given: Tensor, mask: Any = attn_mask) -> Tensor:
            *given, mask = (*given, None) if not masked else given  # type: ignore[assignment]
            if isinstance(attn_mask, LowerRight):
                n, n_positions = attn_mask
                mask = torch.ones(n, n_positions, dtype=torch.bool).tril(n_positions - n)
            return attend(*given, attn_mask=mask, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa)

        given = (query, key, value, attn_mask) if masked else (query, key, value)
        return watch.kernel("attention", computed, (*query.shape[:-1], value.shape[-1]), given, {})

    def rms_norm(x: Tensor, *others: Any) -> Tensor:
        if not isinstance(x, FakeTensor):
            return norm(x, *others)
        return watch.kernel("rms_norm", norm, tuple(x.shape), (x, *others), {})

    return {"scaled_dot_product_attention": attention, "rms_norm": rms_norm}


def without_kernels(patch: pytest.MonkeyPatch) -> None:
    """Attention and norms as torch's own many operations again, through which gradients go."""
    for name, own in _OWN.items():
        patch.setattr(functional, name, own)


def install(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    """Put the stand-ins in the place of what torch has."""

    @contextmanager
    def graph(made: Graph, **options: object) -> Iterator[None]:
        assert options["capture_error_mode"] == "thread_local"
        watch.tape = made.tape
        try:
            yield
        finally:
            watch.tape = None
            with torch._C._DisableTorchDispatch():
                made.tape.captured()

    def device_of(index: object = None) -> torch.device:
        return torch.device("cuda", 0) if index is None else torch.device(index)  # type: ignore[call-overload]

    cuda: dict[str, Any] = {
        "Event": type("FakeEvent", (Event,), {"_watch": watch}),
        "Stream": lambda device=None: Stream(watch, device_of(device)),
        "current_stream": lambda device=None: Stream(watch, device_of(device)),
        "stream": lambda _: nullcontext(),
        "graph": graph,
        "CUDAGraph": lambda: Graph(watch),
        "graph_pool_handle": lambda: (0, 1),
        "synchronize": lambda device=None: watch.wait(watch.launched(), what="synchronize"),
        "is_available": lambda: True,
        "device_count": lambda: N_DEVICES,
        "current_device": lambda: 0,
        "get_device_name": lambda device=None: "Fake GPU",
        "get_device_capability": lambda device=None: (9, 0),
        "mem_get_info": lambda device=None: (TOTAL_BYTES, TOTAL_BYTES),
        "memory_reserved": lambda device=None: 0,
        "memory_allocated": lambda device=None: watch.held[str(device_of(device))],
        "max_memory_allocated": lambda device=None: watch.peak[str(device_of(device))],
        "reset_peak_memory_stats": lambda device=None: watch.peak.clear(),
        "empty_cache": lambda: None,
    }
    for name, stand_in in cuda.items():
        patch.setattr(torch.cuda, name, stand_in)
    for name, kernel in kernels(watch).items():
        patch.setattr(functional, name, kernel)
    patch.setattr(tree_attention, "on_gpu", tree_attention.on_cpu)
    patch.setattr(torch, "Generator", Generator)
    patch.setattr(attention_kernels, "causal_lower_right", LowerRight)
    patch.setattr(FakeTensor, "tolist", lambda self: watch.tolist(self))  # noqa: PLW0108 - as a method it gets the tensor
    patch.setattr(FakeTensor, "numpy", _numpy)


def _numpy(self: Tensor) -> Any:
    """The memory itself, as on a CPU; torch refuses a CUDA tensor too."""
    assert not self.is_cuda
    with torch._C._DisableTorchDispatch():
        return real(self).numpy()
