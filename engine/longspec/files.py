"""Reads and writes the files of a LongSpec drafter: those published with the paper, and our own.

Both hold the tensors of `shape.tensor_shapes`. The configuration of a published one is of its target's class; ours
names itself, its window and the target that it was trained for, and may have a norm before the head."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from torch import Tensor
from transformers import PreTrainedConfig

from engine.errors import EngineError, InputError, ModelError
from engine.longspec import target_fit
from engine.longspec.block import LongspecBlock
from engine.longspec.shape import FINAL_NORM, UNUSED, WINDOW, LongspecShape, tensor_shapes
from engine.models import checkpoint_folder, checks
from engine.models.hashes import model_hash

MODEL_TYPE = "draftscope_longspec"
_AGAIN = "download or train it again"
_OTHER = "choose its own target, or another drafter"
_LONGEST_WINDOW = 1 << 20


class LongspecFiles(NamedTuple):
    """A folder that was checked. target, target_hash: SPEC and hash of the target that it was trained for; empty where
    the files do not say. rope_base, n_vocabulary: of the target, as a published configuration says; None elsewhere."""

    spec: str
    folder: Path
    shape: LongspecShape
    target: str = ""
    target_hash: str = ""
    rope_base: float | None = None
    n_vocabulary: int | None = None


def is_longspec(spec: str) -> bool:
    """Whether a SPEC names a folder, or a model in the hub cache, with the tensors of such a drafter."""
    try:
        if spec == checkpoint_folder.BUILTIN_LONGSPEC:
            return True
        if spec.partition(":")[0] in ("builtin", "timing") or ("/" not in spec and not Path(spec).is_dir()):
            return False
        return checkpoint_folder.LONGSPEC_TENSOR in checkpoint_folder.tensor_sizes(
            checkpoint_folder.locate(spec, drafter=True), spec
        )
    except (EngineError, OSError, ValueError):
        return False


def check(spec: str) -> LongspecFiles:
    """Check a folder's configuration and the names and shapes of its tensors. Raises InputError, ModelError."""
    checkpoint = checkpoint_folder.inspect(spec, drafter=True)
    config = _Config(spec, checkpoint.config)
    sizes = checkpoint_folder.tensor_sizes(checkpoint.folder, spec)
    shape = _shape(config, sizes)
    _refuse_other_tensors(spec, sizes, tensor_shapes(shape))
    if config.is_own:
        return LongspecFiles(spec, checkpoint.folder, shape, config.text("target"), config.text("target_hash"))
    return LongspecFiles(
        spec, checkpoint.folder, shape, rope_base=config.rope_base(), n_vocabulary=config.number("vocab_size")
    )


class _Config:
    """The values of a configuration, which may say anything."""

    def __init__(self, spec: str, values: dict[str, object]) -> None:
        self._spec, self._values = spec, values
        self.is_own = values.get("model_type") == MODEL_TYPE

    def number(self, name: str, default: int | None = None, *, least: int = 1) -> int:
        """A whole number. Raises ModelError."""
        value = self._values.get(name)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ModelError(f"{self._spec}: config.json says {name} = {value!r}", _AGAIN)
        return value

    def epsilon(self) -> float:
        """That of the norms. Raises ModelError."""
        value = self._values.get("rms_norm_eps", 1e-6)
        if not isinstance(value, float | int) or isinstance(value, bool) or not 0 < value < 1:
            raise ModelError(f"{self._spec}: config.json says rms_norm_eps = {value!r}", _AGAIN)
        return float(value)

    def window(self) -> int:
        """How many earlier positions the self-attention covers. Raises InputError where it is none."""
        if not self.is_own:
            return WINDOW
        window = self.number("window", WINDOW, least=0)
        if not 0 < window <= _LONGEST_WINDOW:
            reason = f"{self._spec} has a window of {window} tokens: 1 to {_LONGEST_WINDOW} are possible"
            raise InputError(reason, "train it with a window, 512 for instance")
        return window

    def text(self, name: str) -> str:
        """A text, empty where there is none."""
        value = self._values.get(name, "")
        return value if isinstance(value, str) else ""

    def rope_base(self) -> float | None:
        """The base of the rope, in either of the places where it is written; None where it is not."""
        rope = self._values.get("rope_parameters")
        value = rope.get("rope_theta") if isinstance(rope, dict) else self._values.get("rope_theta")
        return float(value) if isinstance(value, float | int) and not isinstance(value, bool) else None

    def refuse_other_activation(self) -> None:
        """Raises ModelError unless the feed-forward is that of Llama."""
        activation = self._values.get("hidden_act", "silu")
        if activation != "silu":
            reason = f"{self._spec}: its activation is {activation!r}, and a LongSpec block has silu"
            raise ModelError(reason, "choose another drafter")


def _shape(config: _Config, sizes: dict[str, tuple[int, ...]]) -> LongspecShape:
    """The sizes that configuration and tensors say together; whether all tensors agree is checked afterwards."""
    config.refuse_other_activation()
    hidden, n_heads = config.number("hidden_size"), config.number("num_attention_heads")
    feed_forward = next(iter(sizes.get("mlp.gate_proj.weight", ())), 0)
    return LongspecShape(
        hidden=hidden,
        n_heads=n_heads,
        n_kv_heads=config.number("num_key_value_heads", n_heads),
        head_size=config.number("head_dim", max(1, hidden // n_heads)),
        feed_forward=feed_forward,
        epsilon=config.epsilon(),
        window=config.window(),
        final_norm=config.is_own and FINAL_NORM in sizes,
    )


def _refuse_other_tensors(spec: str, sizes: dict[str, tuple[int, ...]], needed: dict[str, tuple[int, ...]]) -> None:
    """Raises ModelError for a tensor that is missing, of another shape, or no part of the block."""
    for name, size in needed.items():
        if sizes.get(name) != size:
            has = f"has the shape {sizes[name]}, not {size}" if name in sizes else "is missing"
            raise ModelError(f"{spec} does not fit its configuration: {name} {has}", _AGAIN)
    other = next((name for name in sizes if name not in needed and name not in UNUSED), None)
    if other is not None:
        raise ModelError(f"{spec} has a tensor that no LongSpec block has: {other[:80]}", "choose another drafter")


def refuse_other_target(files: LongspecFiles, target: str, config: PreTrainedConfig) -> None:
    """Raises InputError where a drafter was made for another target, or the target can have none of its kind.

    target: its SPEC; config: its configuration."""
    refuse_other_shape(files, target, config)
    own_hash = model_hash(target) if files.target_hash else ""
    if own_hash and own_hash != files.target_hash:
        whose = f"{files.spec} was trained for the target {files.target or 'of another hash'}"
        raise InputError(f"{whose}, and the files of {target} differ from it", _OTHER)


def refuse_other_shape(files: LongspecFiles, target: str, config: PreTrainedConfig) -> None:
    """Raises InputError where a drafter cannot read the keys of a target, whatever the weights of both are."""
    reason = target_fit.why_not(config)
    if reason:
        raise unfit(target, reason)
    reason = target_fit.why_other(files.shape, config) or _why_other_words(files, config)
    if reason:
        raise InputError(f"{files.spec} is a LongSpec drafter of another target: {reason}", _OTHER)


def unfit(target: str, reason: str) -> InputError:
    """The refusal of a target that can have no LongSpec drafter."""
    return InputError(f"{target} can have no LongSpec drafter: {reason}", "choose another drafter, or target")


def _why_other_words(files: LongspecFiles, config: PreTrainedConfig) -> str:
    """What the configuration of a published one says otherwise of its target."""
    if files.n_vocabulary is not None and files.n_vocabulary != config.vocab_size:
        return f"a vocabulary of {files.n_vocabulary}, where the target has {config.vocab_size}"
    rope = target_fit.last_rope(config)
    base = rope.get("rope_theta") if isinstance(rope, dict) else None
    if files.rope_base is not None and isinstance(base, float | int) and files.rope_base != base:
        return f"its rope has the base {files.rope_base:g}, that of the target {base:g}"
    return ""


def load(files: LongspecFiles, *, device: torch.device, dtype: torch.dtype) -> LongspecBlock:
    """The block of a folder, in evaluation mode. Raises ModelError, MemoryExhausted."""
    with checks.foreign(f"{files.spec} cannot be loaded", "check its files"):
        with torch.device("meta"):
            block = LongspecBlock(files.shape)
        block.load_state_dict(_tensors(files, dtype), assign=True)
        return block.to(device).eval().requires_grad_(False)


def _tensors(files: LongspecFiles, dtype: torch.dtype) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for path in checkpoint_folder.weight_files(files.folder, files.spec):
        with safe_open(path, framework="pt") as file:
            tensors |= {name: file.get_tensor(name).to(dtype) for name in file.keys() if name not in UNUSED}  # noqa: SIM118
    return tensors


def configuration(shape: LongspecShape, *, target: str, target_hash: str) -> bytes:
    """Our own config.json of a drafter for a target."""
    values = {
        "model_type": MODEL_TYPE,
        "hidden_size": shape.hidden,
        "num_attention_heads": shape.n_heads,
        "num_key_value_heads": shape.n_kv_heads,
        "head_dim": shape.head_size,
        "intermediate_size": shape.feed_forward,
        "rms_norm_eps": shape.epsilon,
        "hidden_act": "silu",
        "window": shape.window,
        "target": target,
        "target_hash": target_hash,
    }
    return json.dumps(values, indent=2).encode()
