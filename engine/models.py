"""Loads targets and drafters: device, dtype, memory estimate, vocabulary check; knows nothing of decoding."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple, TypeAlias

import psutil
import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    DynamicCache,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING

from engine.errors import EngineError, InputError, MemoryExhausted, ModelError
from engine.events import Estimated, Progressed
from engine.folders import Checkpoint
from engine.text import TokenTexts

DType: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
_TORCH_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_DEFAULT_CONTEXT = 2048
_SIZES = ("num_hidden_layers", "hidden_size", "vocab_size", "num_attention_heads", "max_position_embeddings")


class LoadedModel(NamedTuple):
    """A model in memory with all that decoding needs to know about it."""

    spec: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    texts: TokenTexts
    device: torch.device
    dtype: torch.dtype
    context: int
    n_vocabulary: int
    stop_ids: frozenset[int]
    n_bytes: int


def parse_device(name: str) -> torch.device:
    """`auto`, `cpu`, `cuda` or `cuda:N`. Raises InputError where there is no such device."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    malformed = name.endswith(":") or (index and not index.isdecimal())
    if kind not in ("cpu", "cuda") or malformed or (kind == "cpu" and index):
        raise InputError(f"unknown device {name!r}", "use auto, cpu, cuda or cuda:N")
    n_gpus = torch.cuda.device_count()
    if kind == "cuda" and int(index or 0) >= n_gpus:
        raise InputError(f"there is no device {name} ({n_gpus} CUDA devices found)", "use auto or cpu")
    return torch.device(name)


def parse_dtype(name: str, device: torch.device) -> torch.dtype:
    """`auto` is float32 on a CPU and bfloat16 on CUDA, whatever the checkpoint says."""
    if name == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    if name not in _TORCH_DTYPES:
        raise InputError(f"unknown dtype {name!r}", f"use auto, {', '.join(_TORCH_DTYPES)}")
    return _TORCH_DTYPES[name]


def estimate(target: Checkpoint, drafter: Checkpoint | None, device: torch.device, dtype: torch.dtype) -> Estimated:
    """What loading would take: weights, a full-context KV cache of the target, the drafter, and what is free."""
    return Estimated(
        weights_bytes=target.n_parameters * dtype.itemsize,
        kv_bytes=kv_bytes(_config(target), dtype),
        drafter_bytes=0
        if drafter is None
        else drafter.n_parameters * dtype.itemsize + kv_bytes(_config(drafter), dtype),
        free_bytes=free_bytes(device),
        device=str(device),
    )


def free_bytes(device: torch.device) -> int:
    """Memory that may still be taken on a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def kv_bytes(config: PreTrainedConfig, dtype: torch.dtype) -> int:
    """Size of the KV cache at full context: keys and values of every layer."""
    text = config.get_text_config()
    if not getattr(text, "num_attention_heads", None):
        raise ModelError(
            f"a {config.model_type} model has no attention heads", "use a model with attention in every layer"
        )
    n_heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    head = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return int(2 * text.num_hidden_layers * n_heads * head * _context(text) * dtype.itemsize)


def _context(config: PreTrainedConfig) -> int:
    return int(getattr(config, "max_position_embeddings", None) or _DEFAULT_CONTEXT)


def _config(checkpoint: Checkpoint) -> PreTrainedConfig:
    kind = checkpoint.config.get("model_type", "none given")
    what = f"{checkpoint.spec}: the configuration (model type {kind!r}) is not one transformers can read"
    with _foreign(what, "use a supported architecture, for instance Llama or Qwen2"):
        config = AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
        text = config.get_text_config()
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        reason = f"{checkpoint.spec}: {config.model_type} is not a causal language model"
        raise ModelError(reason, "use a decoder-only model")
    for name in _SIZES:
        size = getattr(text, name, None)
        if size is not None and (not isinstance(size, int) or size < 1):
            raise ModelError(f"{checkpoint.spec}: config.json says {name} = {size!r}", "download the checkpoint again")
    return config


@contextmanager
def _foreign(what: str, hint: str) -> Iterator[None]:
    """Reading files of strangers: libraries raise whatever they like about a bad one, and all of it means the same."""
    try:
        yield
    except EngineError:
        raise
    except (torch.OutOfMemoryError, MemoryError) as err:
        raise MemoryExhausted(f"{what}: memory ran out", "use a smaller model or dtype") from err
    except Exception as err:
        raise ModelError(f"{what} ({_first_line(err)})", hint) from err


def refuse_if_too_large(needed: Estimated, device: torch.device) -> None:
    """Raises InputError where weights and drafter alone do not fit what is free on one device."""
    n_bytes = needed.weights_bytes + needed.drafter_bytes
    n_devices = torch.cuda.device_count() if device.type == "cuda" else 1
    if n_bytes > n_devices * needed.free_bytes:
        reason = f"the models need {n_bytes / 2**30:.1f} GiB, {needed.free_bytes / 2**30:.1f} GiB are free on {device}"
        raise InputError(reason, "choose a smaller model or dtype, or free memory")


def load(checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype) -> LoadedModel:
    """Load one checkpoint, in evaluation mode.

    A target larger than one GPU is spread over the devices by accelerate. Raises ModelError, MemoryExhausted."""
    config = _config(checkpoint)
    tokenizer = _tokenizer(checkpoint)
    fits = checkpoint.n_parameters * dtype.itemsize <= free_bytes(device)
    with _foreign(f"{checkpoint.spec} cannot be loaded", "check the checkpoint's files"):
        model, report = AutoModelForCausalLM.from_pretrained(
            checkpoint.folder,
            config=config,
            dtype=dtype,
            device_map={"": device} if fits else "auto",
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
        _refuse_incomplete(checkpoint, report["missing_keys"], report["mismatched_keys"])
        _refuse_without_rollback(checkpoint, model.eval())
    return _describe(checkpoint, model, tokenizer, dtype)


def _refuse_incomplete(checkpoint: Checkpoint, missing: Collection[object], mismatched: Collection[object]) -> None:
    """A weight the files lack would silently be random."""
    lacking = sorted(map(str, [*missing, *mismatched]))
    if lacking:
        reason = f"{checkpoint.spec} does not fit its configuration: {lacking[0]} is missing or of another shape"
        raise ModelError(reason, "download the checkpoint again, whole")


@torch.inference_mode()
def _refuse_without_rollback(checkpoint: Checkpoint, model: PreTrainedModel) -> None:
    """Rejected tokens must leave the cache again; recurrent states cannot give them back."""
    cache = DynamicCache(config=model.config)
    first = torch.zeros(1, 1, dtype=torch.int64, device=model.get_input_embeddings().weight.device)
    model(input_ids=first, past_key_values=cache, use_cache=True)
    held = [layer for layer in cache.layers if getattr(layer, "keys", None) is not None]
    if not held or not all(getattr(layer, "is_croppable", True) for layer in cache.layers):
        reason = f"{checkpoint.spec} keeps a recurrent state, from which rejected tokens cannot be taken back"
        raise ModelError(reason, "use a model with attention in every layer")


def _first_line(err: BaseException) -> str:
    return (str(err).strip() or type(err).__name__).splitlines()[0]


def _tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    hint = "copy tokenizer.json and tokenizer_config.json into the folder"
    with _foreign(f"{checkpoint.spec} has no usable tokenizer", hint):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            checkpoint.folder, local_files_only=True, trust_remote_code=False
        )
        len(tokenizer)
    return tokenizer


def _describe(
    checkpoint: Checkpoint, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, dtype: torch.dtype
) -> LoadedModel:
    weight = model.get_input_embeddings().weight
    return LoadedModel(
        spec=checkpoint.spec,
        model=model,
        tokenizer=tokenizer,
        texts=TokenTexts(tokenizer),
        device=weight.device,
        dtype=dtype,
        context=_context(model.config.get_text_config()),
        n_vocabulary=int(model.get_output_embeddings().weight.shape[0]),
        stop_ids=_stop_ids(model),
        n_bytes=sum(p.numel() * p.element_size() for p in model.parameters()),
    )


def _stop_ids(model: PreTrainedModel) -> frozenset[int]:
    generation = model.generation_config.eos_token_id if model.generation_config is not None else None
    found = generation if generation is not None else getattr(model.config, "eos_token_id", None)
    return frozenset() if found is None else frozenset([found] if isinstance(found, int) else found)


def check_vocabularies(target: LoadedModel, drafter: LoadedModel) -> None:
    """Same tokenizer, whatever the padded sizes. Raises InputError naming the first token that differs."""
    theirs = {index: token for token, index in drafter.tokenizer.get_vocab().items()}
    ours = {index: token for token, index in target.tokenizer.get_vocab().items()}
    for index in sorted(ours.keys() | theirs.keys()):
        if ours.get(index) != theirs.get(index):
            reason = (
                f"{drafter.spec} does not share the tokenizer of {target.spec}: "
                f"token {index} is {ours.get(index)!r} there and {theirs.get(index)!r} here"
            )
            raise InputError(reason, "choose a drafter of the same family, or lookup")


class Pair(NamedTuple):
    """A target and the model its drafter runs on, if any."""

    target: LoadedModel
    drafter: LoadedModel | None


def load_pair(
    target: Checkpoint,
    drafter: Checkpoint | None,
    target_device: torch.device,
    drafter_device: torch.device,
    dtype: str,
) -> Iterator[Progressed | Estimated | Pair]:
    """Estimate, load and check a pair; yields what it would take, how far it has come, and last the pair."""
    target_dtype, drafter_dtype = parse_dtype(dtype, target_device), parse_dtype(dtype, drafter_device)
    together = drafter if drafter_device == target_device else None
    needed = estimate(target, together, target_device, target_dtype)
    yield needed
    refuse_if_too_large(needed, target_device)
    total = needed.weights_bytes + (0 if drafter is None else drafter.n_parameters * drafter_dtype.itemsize)
    yield Progressed("loading", 0, total, "bytes")
    loaded = load(target, target_device, target_dtype)
    yield Progressed("loading", needed.weights_bytes, total, "bytes")
    if drafter is None:
        yield Pair(loaded, None)
        return
    small = load(drafter, drafter_device, drafter_dtype)
    check_vocabularies(loaded, small)
    yield Progressed("loading", total, total, "bytes")
    yield Pair(loaded, small)
