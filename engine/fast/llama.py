"""A Llama's forward over the checkpoint's own tensors, without modules; knows nothing of who calls it.

A small model's forward through modules spends much of its time outside its matrix products; the same operations
called directly spend less. Nothing is copied: every tensor is the loaded model's."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM, PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

_FIRST_CAPACITY = 256


class _Layer(NamedTuple):
    """The tensors of one decoder layer."""

    norm_in: Tensor
    query: Tensor
    key: Tensor
    value: Tensor
    out: Tensor
    norm_mlp: Tensor
    gate: Tensor
    up: Tensor
    down: Tensor


class _Room(NamedTuple):
    """Buffers of some capacity: keys, values [layers, 1, H_kv, capacity, D]; cosine and signed sine [capacity, D]."""

    keys: Tensor
    values: Tensor
    cos: Tensor
    sin: Tensor


class _States(NamedTuple):
    """What the attention of one layer reads besides its input: keys, values [1, H_kv, capacity, D]; cos, sin [n, D];
    mask [n, held + n], None for one new id."""

    keys: Tensor
    values: Tensor
    cos: Tensor
    sin: Tensor
    mask: Tensor | None


def is_plain_llama(model: PreTrainedModel) -> bool:
    """Whether LeanLlama computes what the model computes: default rope, no biases, SiLU, all on one device."""
    if type(model) is not LlamaForCausalLM:
        return False
    config = model.config
    return (
        config.rope_parameters.get("rope_type", "default") == "default"
        and not config.attention_bias
        and not config.mlp_bias
        and config.hidden_act == "silu"
        and len({parameter.device for parameter in model.parameters()}) == 1
        and not any(parameter.is_meta for parameter in model.parameters())
    )


class LeanLlama:
    """One sequence through one Llama; `length` ids are in the cache."""

    def __init__(self, model: PreTrainedModel) -> None:
        config = model.config
        self._embedding = model.model.embed_tokens.weight
        self._layers = [_tensors(layer) for layer in model.model.layers]
        self._norm, self._head = model.model.norm.weight, model.lm_head.weight
        self._eps = float(config.rms_norm_eps)
        self._n_heads, self._n_kv_heads = int(config.num_attention_heads), int(config.num_key_value_heads)
        self._head_size = int(getattr(config, "head_dim", None) or config.hidden_size // self._n_heads)
        self._inverse_frequencies = model.model.rotary_emb.inv_freq
        self.device: torch.device = self._embedding.device
        self.n_vocabulary = int(self._embedding.shape[0])
        self.reset()

    def reset(self) -> None:
        """Forget every id."""
        self._room: _Room | None = None
        self.length = 0

    def forward(self, ids: Tensor) -> Tensor:
        """Logits after each of the new ids, which join the cache.

        ids: [n] int64 on `device`, n >= 1. Returns [n, V] in the model's dtype."""
        return functional.linear(self._hidden(ids), self._head)

    def prefill(self, ids: Tensor) -> None:
        """Put ids into the cache without computing logits. ids: [n] int64 on `device`."""
        self._hidden(ids)

    def rollback(self, n: int) -> None:
        """Take the last n ids out of the cache: a counter moves, nothing is copied."""
        self.length -= n

    def bytes(self) -> int:
        """Memory the cache holds now."""
        return 0 if self._room is None else sum(tensor.numel() * tensor.element_size() for tensor in self._room)

    def _hidden(self, ids: Tensor) -> Tensor:
        """Last hidden states [n, hidden], normalised, of new ids [n]."""
        start, n = self.length, ids.shape[0]
        room = self._room_for(start + n)
        cos, sin = room.cos[start : start + n], room.sin[start : start + n]
        mask = None if n == 1 else torch.ones(n, start + n, dtype=torch.bool, device=ids.device).tril(start)
        hidden = functional.embedding(ids.clamp_max(self.n_vocabulary - 1), self._embedding)
        for index, layer in enumerate(self._layers):
            hidden = self._attend(hidden, layer, _States(room.keys[index], room.values[index], cos, sin, mask))
            hidden = self._feed_forward(hidden, layer)
        self.length += n
        return functional.rms_norm(hidden, self._norm.shape, self._norm, self._eps)

    def _attend(self, hidden: Tensor, layer: _Layer, states: _States) -> Tensor:
        """Add the attention of one layer to hidden [n, hidden]; its keys and values are written in place."""
        keys, values = states.keys, states.values
        start, n = self.length, hidden.shape[0]
        x = functional.rms_norm(hidden, layer.norm_in.shape, layer.norm_in, self._eps)
        query, key = functional.linear(x, layer.query), functional.linear(x, layer.key)
        both = torch.cat([query, key], -1).view(n, -1, self._head_size).transpose(0, 1)
        both = _rotate(both, states.cos, states.sin)
        keys[0, :, start : start + n] = both[self._n_heads :]
        values[0, :, start : start + n] = functional.linear(x, layer.value).view(n, -1, self._head_size).transpose(0, 1)
        mixed = functional.scaled_dot_product_attention(
            both[None, : self._n_heads],
            keys[:, :, : start + n],
            values[:, :, : start + n],
            attn_mask=states.mask,
            enable_gqa=self._n_heads != self._n_kv_heads,
        )
        return hidden + functional.linear(mixed[0].transpose(0, 1).reshape(n, -1), layer.out)

    def _feed_forward(self, hidden: Tensor, layer: _Layer) -> Tensor:
        """Add the gated feed-forward of one layer. hidden: [n, hidden]."""
        x = functional.rms_norm(hidden, layer.norm_mlp.shape, layer.norm_mlp, self._eps)
        gated = functional.silu(functional.linear(x, layer.gate)) * functional.linear(x, layer.up)
        return hidden + functional.linear(gated, layer.down)

    def _room_for(self, n: int) -> _Room:
        """Buffers for at least n positions; they double when full and keep what they hold."""
        if self._room is not None and n <= self._room.cos.shape[0]:
            return self._room
        capacity = max(_FIRST_CAPACITY, 2 * n)
        shape = (len(self._layers), 1, self._n_kv_heads, capacity, self._head_size)
        made = _Room(self._embedding.new_empty(shape), self._embedding.new_empty(shape), *self._tables(capacity))
        if self._room is not None:
            made.keys[..., : self.length, :] = self._room.keys[..., : self.length, :]
            made.values[..., : self.length, :] = self._room.values[..., : self.length, :]
        self._room = made
        return made

    def _tables(self, capacity: int) -> tuple[Tensor, Tensor]:
        """Cosine and sine of every position, the first half of the sine negated; float32, then the model's dtype."""
        positions = torch.arange(capacity, device=self.device, dtype=torch.float32)
        angles = positions[:, None] * self._inverse_frequencies.float().to(self.device)[None]
        cos, sin = angles.cos(), angles.sin()
        kind = self._embedding.dtype
        return torch.cat([cos, cos], -1).to(kind), torch.cat([-sin, sin], -1).to(kind)


def _tensors(layer: LlamaDecoderLayer) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    return _Layer(
        layer.input_layernorm.weight,
        attention.q_proj.weight,
        attention.k_proj.weight,
        attention.v_proj.weight,
        attention.o_proj.weight,
        layer.post_attention_layernorm.weight,
        mlp.gate_proj.weight,
        mlp.up_proj.weight,
        mlp.down_proj.weight,
    )


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding of [H, n, D]; sin carries the sign of its half."""
    half = x.shape[-1] // 2
    return torch.addcmul(x * cos, torch.cat([x[..., half:], x[..., :half]], -1), sin)
