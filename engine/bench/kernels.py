"""Which of torch's attention operations serve our forward, as torch chooses them on a device; measures no time."""

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
    """For a chunk of a prompt, a round of one sequence and one of a batch: the operations that attended.

    context: ids before the chunk or the round; what is chosen may depend on it. More than one is joined by +; `math`
    means that no single kernel took it."""
    n = min(PREFILL_CHUNK, max(2, context))
    model = RowsModel(weights, n_rows=2, capacity=context + max(n, gamma + 1))
    ids = torch.zeros(2, max(n, gamma + 1), dtype=torch.int64, device=model.device)
    drafted, starts = ids[:, : gamma + 1], torch.full((2,), context, device=model.device)
    batch = _serving(lambda: model.forward(drafted, starts, span=context + gamma + 1))
    model.keep([0])
    return {
        "prompt": _serving(lambda: model.aligned(ids[:1, :n], context)),
        "round": _serving(lambda: model.forward(drafted[:1], starts[:1], span=context + gamma + 1)),
        "batch": batch,
    }


class _Attentions(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Keeps the names of the operations that attend, and lets all of them pass."""

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


@torch.no_grad()  # inference_mode would leave attention whole
def _serving(work: Callable[[], object]) -> str:
    """Names of the operations that attended during some work; what is none of torch's kernels is computed by math."""
    with _Attentions() as seen:
        work()
    return "+".join(sorted(seen.names)) or "math"
