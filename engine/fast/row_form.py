"""Chooses the form of a one-row product on a CPU, which with one thread is measured once and kept.

weight @ x.T reads a matrix with all threads, x @ weight.T with one: from two threads on the first is faster everywhere
it was measured, and is taken without measuring, since other programs delay it far more than the second. With one thread
it depends on the processor and its library. Both are exact to rounding, so that a text is repeatable to the bit with
the same number of threads, for as long as the answer is kept in the user's cache folder."""

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from engine.machine import paths, versions
from engine.machine.other_work import OtherWork

RowForm: TypeAlias = Literal["streamed", "library"]
_N_PASSES = 7
_MOST_BYTES = 128 << 20
_LEAST_GAIN = 0.1
# Read once in a process, so that no text changes its form midway even where the file cannot be kept.
_KEPT: dict[Path, "RowTimes | None"] = {}


class RowTimes(msgspec.Struct, frozen=True):
    """Least milliseconds of a pass over the same matrices in either form."""

    streamed_ms: float
    library_ms: float


def row_form(matrices: Sequence[Tensor]) -> RowForm:
    """The form for the products of one row with float32 matrices on a CPU, with torch's threads as they are now."""
    if torch.get_num_threads() > 1:
        return "streamed"
    sizes = tuple((int(n_out), int(n_in)) for n_out, n_in in (matrix.shape for matrix in matrices))
    key = versions.processor(torch.device("cpu")), str(torch.__version__), torch.get_num_threads(), sizes
    path = paths.user_cache() / "row-forms" / f"{hashlib.sha256(repr(key).encode()).hexdigest()[:24]}.json"
    if path not in _KEPT:
        _KEPT[path] = read(path) or _measured_and_saved(matrices, path)
    return of_one_thread(_KEPT[path])


def of_one_thread(times: RowTimes | None) -> RowForm:
    """The library's form, unless the other is known to take at least a tenth less time."""
    if times is None:
        return "library"
    return "streamed" if times.streamed_ms <= (1 - _LEAST_GAIN) * times.library_ms else "library"


def _measured_and_saved(matrices: Sequence[Tensor], path: Path) -> RowTimes | None:
    times = measured(matrices)
    if times is not None:
        with suppress(OSError):  # without a file it is measured again in the next process
            _save(path, times)
    return times


@torch.inference_mode()
def measured(matrices: Sequence[Tensor]) -> RowTimes | None:
    """Time both forms in turn, and keep the least of each; None where other programs computed meanwhile."""
    sample, n_bytes = [], 0
    for matrix in matrices:
        if n_bytes >= _MOST_BYTES:
            break
        sample.append(matrix)
        n_bytes += matrix.nbytes
    rows = [torch.randn(1, matrix.shape[1]) for matrix in sample]
    pairs = [row.repeat(2, 1).t() for row in rows]
    forms = (
        lambda: [torch.mm(matrix, pair) for matrix, pair in zip(sample, pairs, strict=True)],
        lambda: [functional.linear(row, matrix) for matrix, row in zip(sample, rows, strict=True)],
    )
    watch = OtherWork()
    passes = [[_ms(form) for form in forms] for _ in range(_N_PASSES)]
    share = watch.ended()
    if share is not None and share.disturbs(torch.get_num_threads()):
        return None
    return RowTimes(*(min(times) for times in zip(*passes, strict=True)))


def _ms(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - started)


def read(path: Path) -> RowTimes | None:
    """Saved times; None if there are none, or the file is damaged."""
    try:
        times = msgspec.json.decode(path.read_bytes(), type=RowTimes)
    except (OSError, msgspec.DecodeError):
        return None
    return times if min(times.streamed_ms, times.library_ms) > 0 else None


def _save(path: Path, times: RowTimes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(msgspec.json.encode(times))
    unfinished.replace(path)
