"""Reports which of torch's attention operations compute our forward on a device."""

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from engine.decoding.cached_model import PREFILL_CHUNK
from engine.fast.batched import RowsModel
from engine.fast.weights import FusedWeights

# `causal_lower_right` asks for flash attention by its second name.
_PREFIXES = ("_scaled_dot_product_", "_flash_attention", "_efficient_attention")


def attention_of(weights: FusedWeights, *, context: int, gamma: int) -> dict[str, str]:
    """The operations that computed attention: for a chunk of a prompt, a round of one sequence and one of a batch.

    context: ids before the chunk or the round, on which torch's choice may depend. Several names are joined by +;
    `math` means that no single kernel computed it."""
    n = min(PREFILL_CHUNK, max(2, context))
    model = RowsModel(weights, n_rows=2, capacity=context + max(n, gamma + 1))
    ids = torch.zeros(2, max(n, gamma + 1), dtype=torch.int64, device=model.device)
    drafted, starts = ids[:, : gamma + 1], torch.full((2,), context, device=model.device)
    batch = _attention_names(lambda: model.forward(drafted, starts, span=context + gamma + 1))
    model.keep([0])
    return {
        "prompt": _attention_names(lambda: model.aligned(ids[:1, :n], context)),
        "round": _attention_names(lambda: model.forward(drafted[:1], starts[:1], span=context + gamma + 1)),
        "batch": batch,
    }


class _AttentionNames(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Records the names of the operations that attend, and runs every operation unchanged."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: set[str] = set()

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = str(func).removeprefix("aten.").partition(".")[0]
        if name.startswith(_PREFIXES):
            self.names.add(name.removeprefix("_scaled_dot_product_").removeprefix("_").removesuffix("_forward"))
        return func(*args, **(kwargs or {}))


@torch.no_grad()  # inference_mode would not decompose attention
def _attention_names(work: Callable[[], object]) -> str:
    """Names of the operations that attended during some work; `math` where none of torch's kernels did."""
    with _AttentionNames() as recorder:
        work()
    return "+".join(sorted(recorder.names)) or "math"
