"""The sizes of a LongSpec block, the shapes of its tensors, and what it takes of memory.

* imports neither Qt nor torch. Source: arXiv:2502.17421, section 3.1, and the layout of its published checkpoints."""

from typing import NamedTuple

WINDOW = 512
# Drafted positions that the ring holds besides the window: they may be rejected, and must not push out what it needs.
DRAFT_ROOM = 128
# paper differs: a norm before the head, as the target has one; with it a block learns several times as fast.
FINAL_NORM = "norm.weight"
# Their results are never used: keys and values of the cross-attention are the target's.
UNUSED = tuple(f"cross_attn.{part}_proj.{kind}" for part in "kv" for kind in ("weight", "bias"))


class LongspecShape(NamedTuple):
    """The sizes of a block. window: how many positions its self-attention covers before a token's own. final_norm:
    whether a norm stands before the head; published blocks have none."""

    hidden: int
    n_heads: int
    n_kv_heads: int
    head_size: int
    feed_forward: int
    epsilon: float
    window: int = WINDOW
    final_norm: bool = False

    @property
    def n_slots(self) -> int:
        """The positions that its ring of keys and values holds, whatever the context."""
        return self.window + DRAFT_ROOM


def tensor_shapes(shape: LongspecShape) -> dict[str, tuple[int, ...]]:
    """The tensors of a block that are used, by their names in a file."""
    hidden, n_query, n_key = shape.hidden, shape.n_heads * shape.head_size, shape.n_kv_heads * shape.head_size
    shapes: dict[str, tuple[int, ...]] = {}
    for attention in ("self_attn", "cross_attn"):
        for part, n in (("q", n_query), ("k", n_key), ("v", n_key)):
            shapes |= {f"{attention}.{part}_proj.weight": (n, hidden), f"{attention}.{part}_proj.bias": (n,)}
        shapes[f"{attention}.o_proj.weight"] = (hidden, n_query)
    shapes |= {f"mlp.{part}_proj.weight": (shape.feed_forward, hidden) for part in ("gate", "up")}
    shapes["mlp.down_proj.weight"] = (hidden, shape.feed_forward)
    norms = ("input_layernorm", "post_self_attention_layernorm", "post_cross_attention_layernorm")
    shapes |= {f"{norm}.weight": (hidden,) for norm in norms}
    if shape.final_norm:
        shapes[FINAL_NORM] = (hidden,)
    return {name: size for name, size in shapes.items() if name not in UNUSED}


def n_parameters(shape: LongspecShape) -> int:
    """How many weights a block has."""
    return sum(size[0] * (size[1] if len(size) > 1 else 1) for size in tensor_shapes(shape).values())


def ring_bytes(shape: LongspecShape, itemsize: int) -> int:
    """What its keys and values take, at any context."""
    return 2 * shape.n_slots * shape.n_kv_heads * shape.head_size * itemsize


def memory_bytes(shape: LongspecShape, itemsize: int) -> int:
    """What a drafter takes besides its target: weights, keys and values."""
    return n_parameters(shape) * itemsize + ring_bytes(shape, itemsize)
