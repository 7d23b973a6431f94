"""A ring of the keys and values of a sequence's last positions: its size does not depend on the length of the text.

A rollback moves nothing: which slots a query sees follows from its position alone. Position p lies in slot p modulo the
number of slots, so a slot's age seen from p is (p - slot) modulo that number. Rejected positions after p seem older
than the window, as long as there are at most DRAFT_ROOM of them."""

import torch
from torch import Tensor

from engine.fast.layers import grouped_attention
from engine.longspec.shape import LongspecShape


class KvRing:
    """Rotated keys, and values, [slots, H_kv, D] each."""

    def __init__(self, shape: LongspecShape, *, dtype: torch.dtype, device: torch.device) -> None:
        self._window, self._n_slots = shape.window, shape.n_slots
        size = (shape.n_slots, shape.n_kv_heads, shape.head_size)
        # Zeros: a slot not written yet is masked, and a mask does not hide NaN or infinity.
        self.keys = torch.zeros(size, dtype=dtype, device=device)
        self.values = torch.zeros(size, dtype=dtype, device=device)

    def write(self, keys: Tensor, values: Tensor, positions: Tensor) -> None:
        """Write the keys and values [n, H_kv, D] of positions [n], at most as many as there are slots."""
        slots = positions % self._n_slots
        self.keys.index_copy_(0, slots, keys)
        self.values.index_copy_(0, slots, values)

    def bias(self, positions: Tensor, *, last: Tensor | None = None) -> Tensor:
        """What is added to the scores of queries at positions [n]: [n, slots], 0 where one sees a slot.

        last: [1], the last position that was written, where queries stand at later ones."""
        age = (positions[:, None] - torch.arange(self._n_slots, device=positions.device)) % self._n_slots
        visible = (age <= self._window) & (age <= positions[:, None])
        if last is not None:
            visible = visible & (age >= positions[:, None] - last)
        return self.keys.new_zeros(visible.shape).masked_fill_(~visible, -torch.inf)

    def attended(self, queries: Tensor, bias: Tensor) -> Tensor:
        """The values mixed for one query [1, H, D] by its row of `bias`, [1, slots]: [1, H, D]."""
        return attended(queries, self.keys, self.values, bias)

    def wipe(self) -> None:
        """Zero every slot, in place: a mask hides what was written before, but neither NaN nor infinity."""
        self.keys.zero_()
        self.values.zero_()

    def bytes(self) -> int:
        """Memory of the ring."""
        return self.keys.nbytes + self.values.nbytes


def attended(queries: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None = None) -> Tensor:
    """Values mixed for n queries [n, H, D] by keys and values [positions, H_kv, D]: [n, H, D].

    bias: added to the scores, [1, positions] for all of them or [groups n, positions], heads that share a key stacked;
    None: each query sees everything."""
    queries, keys, values = (states.transpose(0, 1).unsqueeze(0) for states in (queries, keys, values))
    mixed = grouped_attention(queries, keys, values, bias, queries.shape[-1] ** -0.5)
    return mixed[0].transpose(0, 1)
