"""The shapes of the built-in models, and the model configurations they give."""

from typing import NamedTuple

from transformers import LlamaConfig

N_ENTRIES = 2048
CONTEXT = 8192
_ROPE_BASE = 100_000.0


class StudentShape(NamedTuple):
    """The free sizes of a Llama; every other size follows from them."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    mlp: int


TARGET = StudentShape(hidden=256, layers=10, heads=4, kv_heads=2, mlp=704)
GENERAL = StudentShape(hidden=96, layers=2, heads=3, kv_heads=3, mlp=256)
RAG = StudentShape(hidden=256, layers=3, heads=4, kv_heads=2, mlp=704)
SMALL = StudentShape(hidden=96, layers=1, heads=3, kv_heads=3, mlp=256)


def llama_config(shape: StudentShape, *, end_id: int) -> LlamaConfig:
    """The configuration of a built-in model: tied embeddings, rotary base 100,000, context 8192."""
    return LlamaConfig(
        vocab_size=N_ENTRIES,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        intermediate_size=shape.mlp,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": _ROPE_BASE},
        bos_token_id=None,
        eos_token_id=end_id,
        pad_token_id=None,
    )
