"""Computes every operation on fake CUDA tensors with real numbers beside it, and notes what a GPU would wait for."""

import linecache
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

aten = torch.ops.aten
_ENGINE = f"{Path(__file__).resolve().parents[2] / 'engine'}/"
_MARK = "# sync:"
# What has a size that only the numbers tell, so that a GPU is asked for it.
_SIZED_BY_VALUE = {
    aten.nonzero.default, aten.masked_select.default, aten._unique2.default, aten.unique_dim.default,
    aten.unique_consecutive.default, aten.repeat_interleave.Tensor, aten.bincount.default,
}  # fmt: skip
_INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default}
# The second where inference_mode leaves a composite operation whole.
_PINNING = {aten._pin_memory.default, aten.pin_memory.default}
_COPIES = {aten._to_copy.default, aten.copy_.default}
_CPU = torch.device("cpu")

Op: TypeAlias = Callable[..., Any]


class Step(NamedTuple):
    """One operation with its real arguments and results."""

    op: Op
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: tuple[Tensor, ...]


class Attention(NamedTuple):
    """Shapes of queries and keys [B, H, n, D] of one attention, and how many numbers its mask has."""

    queries: tuple[int, ...]
    keys: tuple[int, ...]
    n_mask: int


class Tape:
    """What a graph captured; `replay` does it again on the same memory, the results where the first ones lay."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._before: list[tuple[Tensor, Tensor]] = []

    def save(self, step: Step) -> None:
        """Add an operation, unless it only looks at its arguments in another way."""
        given = {leaf.untyped_storage().data_ptr() for leaf in _tensors((step.args, step.kwargs))}
        if _mutates(step.op) or not all(result.untyped_storage().data_ptr() in given for result in step.results):
            self._steps.append(step)

    def about_to(self, op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Remember what an operation is going to overwrite, since a capture computes nothing."""
        if _mutates(op):
            self._before += [(leaf, leaf.clone()) for leaf in _tensors((args, kwargs))]

    def captured(self) -> None:
        """The capture has ended: nothing was computed by it."""
        for tensor, was in reversed(self._before):
            tensor.copy_(was)
        self._before.clear()

    def replay(self) -> None:
        """Compute everything once more."""
        for step in self._steps:
            made = step.op(*step.args, **step.kwargs)
            if not _mutates(step.op):
                for place, value in zip(step.results, _tensors(made), strict=True):
                    place.copy_(value)


class _Fakes(FakeTensorMode):
    """Never reaches for a device, whatever the stand-ins say of there being one."""

    @property
    def avoid_device_init(self) -> bool:
        return True


class Watch(TorchDispatchMode):
    """The device of a test. With `numbers` off only shapes are known, every number read is 0, and sizes may be huge.

    waits: by line, how often the host waited for work that the device had not finished. unmarked: those without a
    `# sync:`. uploads: copies from pageable host memory, by line. faults: what a captured graph must not contain.
    ops: every operation with the shapes of its results. held, peak: bytes on each device."""

    def __init__(self, *, numbers: bool = True) -> None:
        super().__init__()
        self.fakes = _Fakes()
        self.waits: Counter[str] = Counter()
        self.unmarked: Counter[str] = Counter()
        self.uploads: Counter[str] = Counter()
        self.faults: list[str] = []
        self.ops: list[tuple[object, ...]] = []
        self.attentions: list[Attention] = []
        self.tape: Tape | None = None
        self.counting_memory = False
        self._numbers = numbers
        self._n_launched = self._n_settled = 0
        self._storages: dict[int, tuple[StorageWeakRef, str, int]] = {}
        self.held: Counter[str] = Counter()
        self.peak: Counter[str] = Counter()

    @contextmanager
    def on(self) -> Iterator["Watch"]:
        """Every tensor made inside may say cuda."""
        with torch.no_grad(), self.fakes, self:
            yield self

    def clear(self) -> None:
        """Forget what was noted, not what is held."""
        for noted in (self.waits, self.unmarked, self.uploads, self.faults, self.ops, self.attentions):
            noted.clear()

    # What the stand-ins tell

    def launched(self) -> int:
        """How far the device will be once it has done everything so far."""
        return self._n_launched

    def wait(self, until: int, *, what: str) -> None:
        """The host goes on only when the device has come so far."""
        if self.tape is not None:
            self.faults.append(f"{what} at {_line()}")
        if until > self._n_settled:
            self._n_settled = until
            where, marked = _line(), _MARK in _source()
            self.waits[where] += 1
            if not marked:
                self.unmarked[where] += 1

    def faked(self, real: Tensor, device: torch.device) -> Tensor:
        """The same numbers on a device."""
        with torch.no_grad(), _disable_current_modes(), self.fakes:
            made = torch.empty_strided(real.shape, real.stride(), dtype=real.dtype, device=device)
        made._real = real  # type: ignore[attr-defined]
        return made

    def parameter(self, real: Tensor, device: torch.device) -> nn.Parameter:
        """The same as a weight of a module."""
        made = nn.Parameter(self.faked(real, device), requires_grad=False)
        made._real = real  # type: ignore[attr-defined]
        return made

    def __torch_dispatch__(
        self, func: Op, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        pinned = bool(kwargs.pop("pin_memory", False)) | (func in _PINNING)
        if func is aten.is_pinned.default:
            return getattr(args[0], "_pinned", False)
        on_device = _says_cuda((args, kwargs))
        self._n_launched += on_device
        if func is aten._local_scalar_dense.default:
            return self._read(args[0])
        if func in _PINNING:
            func, args = aten.clone.default, args[:1]
        self._look(func, args, kwargs)
        values = self._computed(func, args, kwargs) if self._numbers else None
        made = func(*args, **kwargs)
        self._attach(made, values, pinned=pinned)
        if on_device or _says_cuda(made):
            self.ops.append((str(func), *(tuple(leaf.shape) for leaf in _tensors(made))))
            if self.counting_memory:
                self._count(made)
        return made

    def kernel(self, name: str, op: Op, shape: Sequence[int], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """Several of torch's operations that a GPU does as one; shape: of the result, its type that of the first."""
        made: Tensor = args[0].new_empty(shape)
        if self._numbers:
            made._real = self._computed(op, args, kwargs)  # type: ignore[attr-defined]
        self.ops.append((name, tuple(shape)))
        return made

    def tolist(self, tensor: Tensor) -> Any:
        """All numbers of a tensor, read at once."""
        if tensor.is_cuda:
            self.wait(self._n_launched, what="read")
        with torch._C._DisableTorchDispatch():
            return (real(tensor) if self._numbers else torch.zeros(tuple(tensor.shape))).tolist()

    def _read(self, tensor: Tensor) -> Any:
        if tensor.is_cuda:
            self.wait(self._n_launched, what="read")
        if self._numbers:
            with torch._C._DisableTorchDispatch():
                return real(tensor).item()
        return 0.0 if tensor.is_floating_point() else 0

    def _look(self, func: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note what an operation would make the host wait for."""
        by_value = func in _SIZED_BY_VALUE or (
            func in _INDEXING and any(leaf.dtype == torch.bool for leaf in _tensors(args[1]))
        )
        if by_value and _says_cuda(args):
            self.wait(self._n_launched, what=f"{func} is sized by value")
        if func not in _COPIES:
            return
        source = args[1] if func is aten.copy_.default else args[0]
        to = args[0].device if func is aten.copy_.default else torch.device(kwargs.get("device") or source.device)
        if {source.device.type, to.type} != {"cpu", "cuda"} or not source.numel():
            return
        free = bool(kwargs.get("non_blocking") or (func is aten.copy_.default and args[2:3] == (True,)))
        if self.tape is not None:
            self.faults.append(f"copy between host and device at {_line()}")
        if source.device.type == "cuda":
            if not free:
                self.wait(self._n_launched, what="copy to the host")
        elif not (free and getattr(source, "_pinned", False)):
            self.uploads[_line()] += 1

    def _computed(self, func: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with torch._C._DisableTorchDispatch():
            given, named = real(args), real(kwargs)
            if self.tape is None or not _says_cuda((args, kwargs)):
                return func(*given, **named)
            self.tape.about_to(func, given, named)
            values = func(*given, **named)
            self.tape.save(Step(func, given, named, tuple(_tensors(values))))
            return values

    def _attach(self, made: Any, values: Any, *, pinned: bool) -> None:
        leaves = _tensors(made)
        for fake, value in zip(leaves, leaves if values is None else _tensors(values), strict=True):
            if isinstance(fake, FakeTensor):
                if self._numbers:
                    assert fake.shape == value.shape, (fake.shape, value.shape)
                    fake._real = value  # type: ignore[attr-defined]
                if pinned:
                    fake._pinned = True  # type: ignore[attr-defined]

    def _count(self, made: Any) -> None:
        """Keep the books of memory: storages that are gone leave, new ones come."""
        for key, (storage, device, n_bytes) in list(self._storages.items()):
            if storage.expired():
                self.held[device] -= n_bytes
                del self._storages[key]
        for leaf in _tensors(made):
            storage = leaf.untyped_storage()
            if leaf.is_cuda and storage._cdata not in self._storages:
                device, n_bytes = str(leaf.device), storage.nbytes()
                self._storages[storage._cdata] = StorageWeakRef(storage), device, n_bytes
                self.held[device] += n_bytes
                self.peak[device] = max(self.peak[device], self.held[device])


def real(value: Any) -> Any:
    """What lies beside a fake tensor, also inside lists and dictionaries; a CUDA device becomes the CPU."""
    if isinstance(value, FakeTensor):
        return value._real  # type: ignore[attr-defined]
    if isinstance(value, list | tuple):
        return type(value)(map(real, value))
    if isinstance(value, dict):
        return {name: real(item) for name, item in value.items()}
    return _CPU if isinstance(value, torch.device) and value.type == "cuda" else value


def _leaves(tree: Any) -> Iterator[Any]:
    """What is in lists and dictionaries; by hand, since torch's own trees take a third of a run."""
    if isinstance(tree, list | tuple):
        for item in tree:
            yield from _leaves(item)
    elif isinstance(tree, dict):
        yield from _leaves(list(tree.values()))
    else:
        yield tree


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in _leaves(tree) if isinstance(leaf, Tensor)]


def _says_cuda(tree: Any) -> bool:
    return any(
        (isinstance(leaf, Tensor) and leaf.is_cuda) or (isinstance(leaf, torch.device) and leaf.type == "cuda")
        for leaf in _leaves(tree)
    )


def _mutates(op: Op) -> bool:
    return bool(schema.is_mutable) if (schema := getattr(op, "_schema", None)) is not None else False


def _frame() -> tuple[str, str, int]:
    """File, function and line of the innermost frame of the engine; of whoever called where there is none."""
    frame = sys._getframe(1)
    outermost = frame
    while frame is not None:
        if frame.f_code.co_filename.startswith(_ENGINE):
            return frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno
        outermost, frame = frame, frame.f_back  # type: ignore[assignment]
    return outermost.f_code.co_filename, outermost.f_code.co_name, outermost.f_lineno


def _line() -> str:
    file, function, _ = _frame()
    return f"{file.removeprefix(_ENGINE)}, {function}"


def _source() -> str:
    """The line of code that made the host wait, and the one before, where a long one's comment stands."""
    file, _, line = _frame()
    return linecache.getline(file, line - 1) + linecache.getline(file, line)
