"""Loads targets and drafters: device, dtype, runtime, memory estimate, what speaks against a pair; decodes nothing."""

import time
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias, get_args

import psutil
import torch
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from engine import checks, weights
from engine.cached_model import CachedModel, SequenceModel
from engine.errors import InputError, ModelError
from engine.events import Estimated, Progressed, RuntimeName
from engine.fast import families
from engine.fast.model import FusedModel
from engine.fast.weights import FusedWeights, fuse
from engine.folders import Checkpoint
from engine.text import TokenTexts

DType: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
RuntimeChoice: TypeAlias = Literal["auto", "fused", "modules"]
_RUNTIMES: tuple[RuntimeChoice, ...] = get_args(RuntimeChoice)
_TORCH_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_DEFAULT_CONTEXT = 2048
_REPORTS = 200


class LoadedModel(NamedTuple):
    """A model in memory with all that decoding needs to know about it.

    fused: its weights for our own forward, None where it runs on transformers' modules, `why_modules` says why."""

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
    fused: FusedWeights | None = None
    why_modules: str = ""

    @property
    def runtime(self) -> RuntimeName:
        """What computes its forward."""
        return "modules" if self.fused is None else "fused"

    def sequence(self) -> SequenceModel:
        """One empty sequence through this model, on its runtime."""
        return CachedModel(self.model) if self.fused is None else FusedModel(self.fused, context=self.context)


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


def parse_runtime(name: str) -> RuntimeChoice:
    """`auto` is our own fused forward for the families that it computes exactly, transformers' modules otherwise."""
    for choice in _RUNTIMES:
        if name == choice:
            return choice
    raise InputError(f"unknown runtime {name!r}", f"use {', '.join(_RUNTIMES)}")


def estimate(target: Checkpoint, drafter: Checkpoint | None, device: torch.device, dtype: torch.dtype) -> Estimated:
    """What loading would take: weights, a full-context KV cache of the target, the drafter, and what is free."""
    config = checks.configuration(target)
    return Estimated(
        weights_bytes=target.n_parameters * dtype.itemsize,
        kv_bytes=kv_bytes(config, dtype),
        drafter_bytes=0
        if drafter is None
        else drafter.n_parameters * dtype.itemsize + kv_bytes(checks.configuration(drafter), dtype),
        free_bytes=free_bytes(device),
        device=str(device),
        target=target.spec,
        context=context_of(config.get_text_config()),
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
    return int(2 * text.num_hidden_layers * n_heads * head * context_of(text) * dtype.itemsize)


def context_of(config: PreTrainedConfig) -> int:
    """How many tokens a model reads, by its text configuration."""
    return int(getattr(config, "max_position_embeddings", None) or _DEFAULT_CONTEXT)


def refuse_if_too_large(needed: Estimated, device: torch.device) -> None:
    """Raises InputError where weights and drafter alone do not fit what is free on one device."""
    n_bytes = needed.weights_bytes + needed.drafter_bytes
    n_devices = torch.cuda.device_count() if device.type == "cuda" else 1
    if n_bytes > n_devices * needed.free_bytes:
        reason = f"the models need {n_bytes / 2**30:.1f} GiB, {needed.free_bytes / 2**30:.1f} GiB are free on {device}"
        raise InputError(reason, "choose a smaller model or dtype, or free memory")


def load(
    checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype, runtime: RuntimeChoice = "auto"
) -> Iterator[int | LoadedModel]:
    """Load one checkpoint, in evaluation mode; yields the bytes in memory so far, and last the model.

    A target larger than one GPU is spread over the devices by accelerate. Raises ModelError, MemoryExhausted."""
    config = checks.configuration(checkpoint)
    tokenizer = checks.read_tokenizer(checkpoint)
    fits = checkpoint.n_parameters * dtype.itemsize <= free_bytes(device)
    with checks.foreign(f"{checkpoint.spec} cannot be loaded", "check the checkpoint's files"):
        for item in weights.read(checkpoint.folder, config, {"": device} if fits else "auto", dtype):
            if isinstance(item, int):
                yield item
                continue
            _refuse_incomplete(checkpoint, item.lacking)
            _refuse_without_rollback(checkpoint, item.model.eval())
            yield on_runtime(_describe(checkpoint, item.model, tokenizer, dtype), runtime)


def on_runtime(loaded: LoadedModel, choice: RuntimeChoice) -> LoadedModel:
    """The model on the runtime that was asked for, or on the leanest it has. Raises ModelError."""
    if choice == "modules":
        return loaded._replace(why_modules="asked for")
    reason = families.why_not(loaded.model.config) or families.misplaced(loaded.model)
    if not reason:
        return loaded._replace(fused=fuse(loaded.model))
    if choice == "fused":
        raise _not_fused(loaded.spec, reason)
    return loaded._replace(why_modules=reason)


def _not_fused(spec: str, reason: str) -> ModelError:
    return ModelError(f"{spec} has no fused runtime: {reason}", "use the runtime auto or modules")


def _refuse_incomplete(checkpoint: Checkpoint, lacking: tuple[str, ...]) -> None:
    """A weight the files lack would silently be random."""
    if lacking:
        reason = f"{checkpoint.spec} does not fit its configuration: {lacking[0]} is missing or of another shape"
        raise ModelError(reason, "download the checkpoint again, whole")


@torch.inference_mode()
def _refuse_without_rollback(checkpoint: Checkpoint, model: PreTrainedModel) -> None:
    """What a configuration does not tell of its cache, a first token does."""
    cache = DynamicCache(config=model.config)
    first = torch.zeros(1, 1, dtype=torch.int64, device=model.get_input_embeddings().weight.device)
    model(input_ids=first, past_key_values=cache, use_cache=True)
    held = [layer for layer in cache.layers if getattr(layer, "keys", None) is not None]
    if not held or not all(getattr(layer, "is_croppable", True) for layer in cache.layers):
        raise checks.recurrent(checkpoint.spec)


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
        context=context_of(model.config.get_text_config()),
        n_vocabulary=int(model.get_output_embeddings().weight.shape[0]),
        stop_ids=_stop_ids(model),
        n_bytes=sum(p.numel() * p.element_size() for p in model.parameters()),
    )


def _stop_ids(model: PreTrainedModel) -> frozenset[int]:
    generation = model.generation_config.eos_token_id if model.generation_config is not None else None
    found = generation if generation is not None else getattr(model.config, "eos_token_id", None)
    return frozenset() if found is None else frozenset([found] if isinstance(found, int) else found)


class Pair(NamedTuple):
    """A target and the model its drafter runs on, if any."""

    target: LoadedModel
    drafter: LoadedModel | None


class Plan(NamedTuple):
    """A pair that is to be loaded, where, and in which types."""

    target: Checkpoint
    drafter: Checkpoint | None
    device: torch.device
    drafter_device: torch.device
    dtype: torch.dtype
    drafter_dtype: torch.dtype
    runtime: RuntimeChoice = "auto"


def plan(
    target: Checkpoint, drafter: Checkpoint | None, device: torch.device, drafter_device: torch.device, dtype: str
) -> Plan:
    """How a pair would be loaded. Raises InputError for an unknown dtype."""
    return Plan(target, drafter, device, drafter_device, parse_dtype(dtype, device), parse_dtype(dtype, drafter_device))


def estimate_pair(plan: Plan) -> Estimated:
    """What loading the pair would take on the target's device. Raises ModelError."""
    together = plan.drafter if plan.drafter_device == plan.device else None
    return estimate(plan.target, together, plan.device, plan.dtype)


def refuse_pair(plan: Plan, needed: Estimated) -> None:
    """Everything that can be held against a pair before its weights are read. Raises InputError, ModelError."""
    refuse_if_too_large(needed, plan.device)
    for checkpoint in (plan.target, plan.drafter):
        if checkpoint is not None:
            checks.refuse_recurrent(checkpoint, checks.configuration(checkpoint))
            reason = families.why_not(checks.configuration(checkpoint)) if plan.runtime == "fused" else ""
            if reason:
                raise _not_fused(checkpoint.spec, reason)
    if plan.drafter is not None:
        checks.refuse_other_vocabulary(plan.target, plan.drafter)


def load_pair(plan: Plan) -> Iterator[Progressed | Estimated | Pair]:
    """Estimate, check and load a pair; yields what it would take, how far it has come, and last the pair."""
    needed = estimate_pair(plan)
    yield needed
    refuse_pair(plan, needed)
    target_bytes = plan.target.n_parameters * plan.dtype.itemsize
    drafter_bytes = 0 if plan.drafter is None else plan.drafter.n_parameters * plan.drafter_dtype.itemsize
    reports = _Reports(target_bytes + drafter_bytes)
    yield reports.at(0)
    loaded: list[LoadedModel] = []
    before = 0
    for checkpoint, device, dtype, n_bytes in (
        (plan.target, plan.device, plan.dtype, target_bytes),
        (plan.drafter, plan.drafter_device, plan.drafter_dtype, drafter_bytes),
    ):
        if checkpoint is None:
            continue
        for item in load(checkpoint, device, dtype, plan.runtime):
            if isinstance(item, LoadedModel):
                loaded.append(item)
            elif reports.worth_saying(before + min(item, n_bytes)):
                yield reports.at(before + min(item, n_bytes))
        before += n_bytes
        yield reports.at(before)
    yield Pair(loaded[0], loaded[1] if loaded[1:] else None)


class _Reports:
    """How far a load is, in at most about 200 reports."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._said = 0
        self._started = time.perf_counter()

    def worth_saying(self, done: int) -> bool:
        """Whether enough was read since the last report."""
        return done - self._said >= self._total / _REPORTS

    def at(self, done: int) -> Progressed:
        """The report of so many bytes."""
        self._said = done
        return Progressed("loading", done, self._total, "bytes", time.perf_counter() - self._started)
