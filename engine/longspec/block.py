"""The one block of a LongSpec drafter, as a module that training and drafting share.

RMSNorm, self-attention, RMSNorm, cross-attention to the target's last keys and values, RMSNorm, gated feed-forward;
each result is added to what went in. Blocks trained here have a norm after that, published ones have none. What is
attended to is passed in: a whole text in training, a ring of the last positions while drafting. Source:
arXiv:2502.17421, section 3.1."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.fast.families import Rope
from engine.longspec.shape import LongspecShape


class Turns(NamedTuple):
    """The rotation of n positions: cos and sin, [n, 1, D / 2] each."""

    cos: Tensor
    sin: Tensor

    def rows(self, first: int, end: int) -> "Turns":
        """Those of some of the positions."""
        return Turns(self.cos[first:end], self.sin[first:end])


# Queries, new keys and new values, [..., n, H or H_kv, D] -> the values mixed for each query, [..., n, H, D].
SelfAttention: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]
# Queries [..., n, H, D] -> the target's values mixed for each, [..., n, H, D]; None where there is none to attend to.
CrossAttention: TypeAlias = Callable[[Tensor], Tensor | None]


def turns_of(rope: Rope, positions: Tensor, dtype: torch.dtype) -> Turns:
    """The rotation of positions [n], of any size: the angles are computed in float32, and no table of them is kept."""
    angles = positions[:, None].float() * rope.inverse_frequencies.to(positions.device, torch.float32)
    return Turns((angles.cos() * rope.scale).to(dtype)[:, None], (angles.sin() * rope.scale).to(dtype)[:, None])


def rotated(heads: Tensor, turns: Turns) -> Tensor:
    """Rotary embedding of [..., n, H, D], of which the halves form pairs, as in Llama."""
    first, second = heads.chunk(2, -1)
    return torch.cat([first * turns.cos - second * turns.sin, second * turns.cos + first * turns.sin], -1)


class _Attention(nn.Module):
    """The projections of one attention; keys and values only where they are its own."""

    def __init__(self, shape: LongspecShape, *, own_kv: bool) -> None:
        super().__init__()
        n_query, n_key = shape.n_heads * shape.head_size, shape.n_kv_heads * shape.head_size
        self.q_proj = nn.Linear(shape.hidden, n_query)
        if own_kv:
            self.k_proj = nn.Linear(shape.hidden, n_key)
            self.v_proj = nn.Linear(shape.hidden, n_key)
        self.o_proj = nn.Linear(n_query, shape.hidden, bias=False)


class _GatedFeedForward(nn.Module):
    def __init__(self, shape: LongspecShape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.feed_forward, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.feed_forward, bias=False)
        self.down_proj = nn.Linear(shape.feed_forward, shape.hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Silu of the gate times the other half, projected back: [..., hidden]."""
        down: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return down


class LongspecBlock(nn.Module):
    """The block; its parameters are named as the tensors of a checkpoint."""

    def __init__(self, shape: LongspecShape) -> None:
        super().__init__()
        self.shape = shape
        self.self_attn = _Attention(shape, own_kv=True)
        self.cross_attn = _Attention(shape, own_kv=False)
        self.mlp = _GatedFeedForward(shape)
        self.input_layernorm = nn.RMSNorm(shape.hidden, eps=shape.epsilon)
        self.post_self_attention_layernorm = nn.RMSNorm(shape.hidden, eps=shape.epsilon)
        self.post_cross_attention_layernorm = nn.RMSNorm(shape.hidden, eps=shape.epsilon)
        self.norm = nn.RMSNorm(shape.hidden, eps=shape.epsilon) if shape.final_norm else nn.Identity()

    def new_kv(self, embedded: Tensor, turns: Turns) -> tuple[Tensor, Tensor]:
        """Rotated keys, and values, of embedded ids [..., n, hidden]: [..., n, H_kv, D] each.

        They follow from each id and its place alone, so that a prompt costs only those of its last window."""
        normed = self.input_layernorm(embedded)
        return self._kv(normed, turns)

    def forward(
        self, embedded: Tensor, turns: Turns, attend_self: SelfAttention, attend_target: CrossAttention
    ) -> Tensor:
        """What the target's head reads, [..., n, hidden], of embedded ids [..., n, hidden]."""
        normed = self.input_layernorm(embedded)
        queries = rotated(self._heads(self.self_attn.q_proj(normed)), turns)
        hidden = embedded + self.self_attn.o_proj(attend_self(queries, *self._kv(normed, turns)).flatten(-2))
        queries = rotated(self._heads(self.cross_attn.q_proj(self.post_self_attention_layernorm(hidden))), turns)
        mixed = attend_target(queries)
        if mixed is not None:
            hidden = hidden + self.cross_attn.o_proj(mixed.flatten(-2))
        read: Tensor = self.norm(hidden + self.mlp(self.post_cross_attention_layernorm(hidden)))
        return read

    def _kv(self, normed: Tensor, turns: Turns) -> tuple[Tensor, Tensor]:
        keys, values = self._heads(self.self_attn.k_proj(normed)), self._heads(self.self_attn.v_proj(normed))
        return rotated(keys, turns), values

    def _heads(self, rows: Tensor) -> Tensor:
        return rows.view(*rows.shape[:-1], -1, self.shape.head_size)
