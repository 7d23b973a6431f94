"""Goes back through a graph of gradients by hand: autograd's own threads ask a build of torch for its accelerator."""

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor


def backward(loss: Tensor) -> None:
    """Add the gradient of a scalar to every weight that it depends on, as `Tensor.backward` does."""
    received: defaultdict[Any, dict[int, Tensor]] = defaultdict(dict)
    received[loss.grad_fn][0] = torch.ones_like(loss)
    with torch.no_grad():
        for node in _from_last(loss.grad_fn):
            given = received.pop(node, {})
            made = node(*(given.get(place) for place in range(max(given, default=0) + 1)))
            made = made if isinstance(made, tuple) else (made,)
            for (to, place), gradient in zip(node.next_functions, made, strict=False):
                if to is None or gradient is None:
                    continue
                # What was broadcast on the way forward is summed on the way back.
                summed = gradient.sum_to_size(to._input_metadata[place].shape)
                earlier = received[to].get(place)
                received[to][place] = summed if earlier is None else earlier + summed


def _from_last(node: Any) -> list[Any]:
    """Every node that the last one depends on, each before what it depends on."""
    ordered: list[Any] = []
    seen = set()

    def visit(one: Any) -> None:
        if one is not None and one not in seen:
            seen.add(one)
            for earlier, _ in one.next_functions:
                visit(earlier)
            ordered.append(one)

    visit(node)
    return ordered[::-1]
