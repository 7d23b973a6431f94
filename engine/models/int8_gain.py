"""Measures at a load whether quantised matrices multiply faster than whole ones on a CPU, and refuses them if not."""

import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from engine.errors import InputError
from engine.fast import matmul, packing
from engine.fast.layers import Product
from engine.fast.weights import Projection
from engine.machine.other_work import OtherWork
from engine.models import devices

Quantiser: TypeAlias = Callable[[Projection], Projection]
_ROWS = (1, 5)
_N_PASSES = 5
_LEAST_GAIN = 0.05
_MOST_BYTES = 64 << 20
# What a processor keeps in its own memory is read so fast that only the bytes saved count.
_LEAST_BYTES = 8 << 20


@torch.inference_mode()
def refuse_if_slower(matrices: Sequence[Projection], quantiser: Quantiser, form: Product) -> None:
    """Raises InputError with the figures where the quantised layers of a model on a CPU would not be faster.

    matrices: of all layers, still whole; form: how they are multiplied. Some of them are measured, over one id and
    several together; where other programs compute meanwhile nothing is known, and nothing refused."""
    sample = _sample(matrices)
    n_bytes = sum(projection.weight.nbytes for projection in sample)
    if n_bytes < _LEAST_BYTES or sample[0].weight.device.type != "cpu":
        return
    quantised = [quantiser(each) for each in sample]
    watch = OtherWork()
    whole_ms, quantised_ms = _least_ms([(form, _packed(sample)), (matmul.product, quantised)])
    share = watch.ended()
    if share is not None and share.disturbs(torch.get_num_threads()):
        return
    if quantised_ms > (1 - _LEAST_GAIN) * whole_ms:
        kind = str(sample[0].weight.dtype).removeprefix("torch.")
        raise InputError(
            f"int8 weights are no faster on this processor: {quantised_ms:.1f} ms against {whole_ms:.1f} ms in {kind}, "
            f"matrix products over 1 and 5 ids with {n_bytes / 2**20:.0f} MiB of the layers",
            "use --quantize none",
        )


def _packed(sample: Sequence[Projection]) -> list[Projection]:
    """Whole matrices as they would be multiplied."""
    weight, n_bytes = sample[0].weight, sum(projection.weight.nbytes for projection in sample)
    packs = packing.packs(weight.dtype, weight.device, n_bytes, devices.free_bytes(weight.device))
    return [packing.packed(projection) for projection in sample] if packs else list(sample)


def _sample(matrices: Sequence[Projection]) -> list[Projection]:
    """The first matrices, as many as are needed to leave the processor's own memory."""
    sample: list[Projection] = []
    for projection in matrices:
        if sum(chosen.weight.nbytes for chosen in sample) >= _MOST_BYTES:
            break
        sample.append(projection)
    return sample


def _least_ms(forms: Sequence[tuple[Product, Sequence[Projection]]]) -> list[float]:
    """The least milliseconds of each form over all sizes of _ROWS, the forms in turn."""
    totals = [0.0] * len(forms)
    for n in _ROWS:
        passes = []
        for _ in range(_N_PASSES):
            passes.append([_ms(form, projections, n) for form, projections in forms])
        totals = [total + min(times) for total, times in zip(totals, zip(*passes, strict=True), strict=True)]
    return totals


def _ms(form: Product, projections: Sequence[Projection], n: int) -> float:
    rows: list[Tensor] = [
        torch.ones(
            max(n, 2) if form is matmul.streamed_product else n,
            projection.weight.shape[1],
            dtype=projection.weight.dtype,
        )
        for projection in projections
    ]
    started = time.perf_counter()
    for x, projection in zip(rows, projections, strict=True):
        form(x, projection)
    return 1e3 * (time.perf_counter() - started)
