"""A LongSpec block as it drafts: the matrices that multiply the same input are joined, and norms take few operations.

It computes what `LongspecBlock` does, up to rounding: a step of a small block spends half its time between products."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.fast.norms import Norm, norm_of, normed
from engine.fast.weights import Projection
from engine.longspec.block import CrossAttention, LongspecBlock, SelfAttention, Turns, rotated


class JoinedBlock:
    """The weights of a block, copied from its modules, which can be dropped."""

    def __init__(self, block: LongspecBlock) -> None:
        own, cross, mlp = block.self_attn, block.cross_attn, block.mlp
        self.shape = block.shape
        self._norm_in, self._norm_cross, self._norm_mlp = map(
            _norm,
            (block.input_layernorm, block.post_self_attention_layernorm, block.post_cross_attention_layernorm),
        )
        self._norm_out = _norm(block.norm) if isinstance(block.norm, nn.RMSNorm) else None
        self._qkv, self._out = _joined([own.q_proj, own.k_proj, own.v_proj]), _joined([own.o_proj])
        self._cross_query, self._cross_out = _joined([cross.q_proj]), _joined([cross.o_proj])
        self._gate_up, self._down = _joined([mlp.gate_proj, mlp.up_proj]), _joined([mlp.down_proj])
        n_query = block.shape.n_heads * block.shape.head_size
        assert self._qkv.bias is not None
        self._kv = Projection(self._qkv.weight[n_query:], self._qkv.bias[n_query:])

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights."""
        return self._qkv.weight.dtype

    def bytes(self) -> int:
        """Memory of the weights."""
        projections = (self._qkv, self._out, self._cross_query, self._cross_out, self._gate_up, self._down)
        tensors = [tensor for each in projections for tensor in (each.weight, each.bias) if tensor is not None]
        norms = [
            norm.weight
            for norm in (self._norm_in, self._norm_cross, self._norm_mlp, self._norm_out)
            if norm is not None
        ]
        return sum(tensor.nbytes for tensor in (*tensors, *norms))

    def new_kv(self, embedded: Tensor, turns: Turns) -> tuple[Tensor, Tensor]:
        """Rotated keys, and values, of embedded ids [n, hidden]: [n, H_kv, D] each."""
        heads = self._heads(_product(normed(embedded, self._norm_in), self._kv))
        n = self.shape.n_kv_heads
        return rotated(heads[:, :n], turns), heads[:, n:]

    def __call__(
        self, embedded: Tensor, turns: Turns, attend_self: SelfAttention, attend_target: CrossAttention
    ) -> Tensor:
        """What the target's head reads, [n, hidden], of embedded ids [n, hidden]."""
        n, n_turned = self.shape.n_heads, self.shape.n_heads + self.shape.n_kv_heads
        heads = self._heads(_product(normed(embedded, self._norm_in), self._qkv))
        turned = rotated(heads[:, :n_turned], turns)
        mixed = attend_self(turned[:, :n], turned[:, n:], heads[:, n_turned:])
        hidden = embedded + _product(mixed.flatten(1), self._out)
        queries = self._heads(_product(normed(hidden, self._norm_cross), self._cross_query))
        from_target = attend_target(rotated(queries, turns))
        if from_target is not None:
            hidden = hidden.add_(_product(from_target.flatten(1), self._cross_out))
        gate, up = _product(normed(hidden, self._norm_mlp), self._gate_up).chunk(2, -1)
        hidden = hidden.add_(_product(functional.silu(gate).mul_(up), self._down))
        return hidden if self._norm_out is None else normed(hidden, self._norm_out)

    def _heads(self, rows: Tensor) -> Tensor:
        return rows.view(rows.shape[0], -1, self.shape.head_size)


def _norm(module: nn.RMSNorm) -> Norm:
    assert module.eps is not None
    return norm_of(module.weight.detach(), module.eps)


def _joined(modules: Sequence[nn.Linear]) -> Projection:
    weight = torch.cat([module.weight.detach() for module in modules])
    biases = [module.bias.detach() for module in modules if module.bias is not None]
    return Projection(weight, torch.cat(biases) if biases else None)


def _product(x: Tensor, projection: Projection) -> Tensor:
    return functional.linear(x, projection.weight, projection.bias)
