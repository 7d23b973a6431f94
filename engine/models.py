"""Loads targets and drafters: device, dtype, runtime, memory estimate, what speaks against a pair; decodes nothing."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Literal, NamedTuple, TypeAlias, get_args

import psutil
import torch
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from engine import checks, folders, weights
from engine.cached_model import CachedModel, SequenceModel
from engine.errors import InputError, ModelError
from engine.events import Estimated, Progressed, RuntimeName
from engine.fast import families
from engine.fast.graphs import Graphs
from engine.fast.model import FusedModel
from engine.fast.static_room import StaticRoom
from engine.fast.weights import FusedWeights, fuse
from engine.folders import Checkpoint
from engine.kv_size import RuntimeChoice, context_of, kv_bytes
from engine.text import TokenTexts
from engine.timing import pairs, shapes
from engine.weights import Read

DType: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
_RUNTIMES: tuple[RuntimeChoice, ...] = get_args(RuntimeChoice)
_FUSED: tuple[RuntimeChoice, ...] = ("fused", "fused-eager")
_TORCH_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_REPORTS = 200
# Beside the weights there are caches, work space and whatever else the device does.
_MOST_FILLED = 0.85


class LoadedModel(NamedTuple):
    """A model in memory with all that decoding needs to know about it.

    fused: its weights for our own forward, None where it runs on transformers' modules, `why_modules` says why.
    note: what has to be said of everything made with it, empty for most.
    static: where its rounds are kept that the device does on its own; None where every operation is the host's."""

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
    note: str = ""
    static: StaticRoom | None = None

    @property
    def graphs(self) -> bool:
        """Whether its rounds run as CUDA graphs."""
        return self.static is not None

    @property
    def runtime(self) -> RuntimeName:
        """What computes its forward."""
        return "modules" if self.fused is None else "fused"

    def sequence(self) -> SequenceModel:
        """One empty sequence through this model, on its runtime."""
        if self.fused is None:
            return CachedModel(self.model, context=self.context)
        return FusedModel(self.fused, context=self.context)


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
    """`auto` is our own fused forward for the families that it computes exactly, transformers' modules otherwise.

    `fused-eager` is the fused forward without CUDA graphs. Raises InputError."""
    for choice in _RUNTIMES:
        if name == choice:
            return choice
    raise InputError(f"unknown runtime {name!r}", f"use {', '.join(_RUNTIMES)}")


def estimate(
    target: Checkpoint, drafter: Checkpoint | None, device: torch.device, dtype: torch.dtype, runtime: RuntimeChoice
) -> Estimated:
    """What loading would take: weights, a KV cache of the target's full context, the drafter, and what is free."""
    config = checks.configuration(target)
    context = context_of(config.get_text_config())
    return Estimated(
        weights_bytes=target.n_parameters * dtype.itemsize,
        kv_bytes=kv_bytes(config, dtype, runtime, context=context),
        drafter_bytes=0 if drafter is None else _drafter_bytes(drafter, dtype, runtime, context=context),
        free_bytes=free_bytes(device),
        device=str(device),
        target=target.spec,
        context=context,
    )


def _drafter_bytes(drafter: Checkpoint, dtype: torch.dtype, runtime: RuntimeChoice, *, context: int) -> int:
    """Weights and cache of a drafter, which reads no further than its target and itself."""
    config = checks.configuration(drafter)
    reach = min(context, context_of(config.get_text_config()))
    return drafter.n_parameters * dtype.itemsize + kv_bytes(config, dtype, runtime, context=reach)


def free_bytes(device: torch.device) -> int:
    """Memory that may still be taken on a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


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
        for item in _read(checkpoint, config, device if fits else None, dtype):
            if isinstance(item, int):
                yield item
                continue
            _refuse_incomplete(checkpoint, item.lacking)
            _refuse_without_rollback(checkpoint, item.model.eval())
            yield on_runtime(_describe(checkpoint, item.model, tokenizer, dtype), runtime)


def _read(
    checkpoint: Checkpoint, config: PreTrainedConfig, device: torch.device | None, dtype: torch.dtype
) -> Iterator[int | Read]:
    """The weights of a checkpoint, or made ones; no device: spread over all there are."""
    if checkpoint.timing is None:
        yield from weights.read(checkpoint.folder, config, "auto" if device is None else {"": device}, dtype)
    elif device is None:
        raise InputError(f"{checkpoint.spec} does not fit one device", "choose a smaller timing pair or dtype")
    else:
        yield Read(pairs.made_model(checkpoint.timing, device, dtype), ())


def on_runtime(loaded: LoadedModel, choice: RuntimeChoice) -> LoadedModel:
    """The model on the runtime that was asked for, or on the leanest it has. Raises ModelError."""
    if choice == "modules":
        return loaded._replace(why_modules="asked for")
    reason = families.why_not(loaded.model.config) or families.why_not_model(loaded.model)
    if not reason:
        fused = fuse(loaded.model)
        graphs = loaded.device.type == "cuda" and choice != "fused-eager"
        return loaded._replace(fused=fused, static=_graphed(fused, loaded.context) if graphs else None)
    if choice in _FUSED:
        raise _not_fused(loaded.spec, reason)
    return loaded._replace(why_modules=reason)


def _graphed(fused: FusedWeights, context: int) -> StaticRoom:
    """Room for rounds as CUDA graphs; it takes no memory to speak of before a first generation."""
    return StaticRoom(fused, context=context, repeaters=partial(Graphs, fused.embedding.device))


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
        note="" if checkpoint.timing is None else checkpoint.timing.note(),
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
    kind, drafter_kind = parse_dtype(dtype, device), parse_dtype(dtype, drafter_device)
    taken = drafter.n_parameters * drafter_kind.itemsize if drafter is not None and drafter_device == device else 0
    room = int(_MOST_FILLED * free_bytes(device)) - taken
    return Plan(_cut_to_fit(target, room // kind.itemsize), drafter, device, drafter_device, kind, drafter_kind)


def _cut_to_fit(target: Checkpoint, most: int) -> Checkpoint:
    """A timing pair's target that may lose layers, with no more than so many parameters; any other as it is."""
    if target.timing is None or not shapes.may_be_cut(target.timing):
        return target
    return folders.of_timing(target.spec, shapes.cut_to(target.timing, most))


def estimate_pair(plan: Plan) -> Estimated:
    """What loading the pair would take on the target's device. Raises ModelError."""
    together = plan.drafter if plan.drafter_device == plan.device else None
    return estimate(plan.target, together, plan.device, plan.dtype, plan.runtime)


def refuse_pair(plan: Plan, needed: Estimated) -> None:
    """Everything that can be held against a pair before its weights are read. Raises InputError, ModelError."""
    refuse_if_too_large(needed, plan.device)
    for checkpoint in (plan.target, plan.drafter):
        if checkpoint is not None:
            checks.refuse_recurrent(checkpoint, checks.configuration(checkpoint))
            reason = families.why_not(checks.configuration(checkpoint)) if plan.runtime in _FUSED else ""
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
