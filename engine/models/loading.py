"""Loads targets and drafters onto their devices and runtimes; decodes nothing."""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from engine.decoding.cached_model import CachedModel, SequenceModel
from engine.decoding.detokenizer import TokenTexts
from engine.errors import InputError, ModelError
from engine.events import Estimated, Progressed, RuntimeName
from engine.fast import families, few_rows
from engine.fast.graphs import Graphs
from engine.fast.model import FusedModel
from engine.fast.static_kv_cache import StaticKvCache
from engine.fast.weights import FusedWeights, fuse
from engine.models import checks, devices, load_plan, timing_pairs, weights
from engine.models.checkpoint_folder import Checkpoint
from engine.models.kv_size import RuntimeChoice, context_of
from engine.models.load_plan import LoadPlan
from engine.models.quantize import Quantize, fuse_quantised, quantise, weight_bytes
from engine.models.weights import ReadWeights

_REPORTS = 200


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
    quantize: Quantize = "none"
    static: StaticKvCache | None = None

    @property
    def graphs(self) -> bool:
        """Whether its rounds run as CUDA graphs."""
        return self.static is not None

    @property
    def runtime(self) -> RuntimeName:
        """What computes its forward."""
        return "modules" if self.fused is None else "fused"

    def sequence(self, hidden_layers: Sequence[int] = ()) -> SequenceModel:
        """One empty sequence through this model, on its runtime.

        hidden_layers: layers whose output it leaves in `hidden`, in ascending order."""
        if self.fused is None:
            return CachedModel(self.model, context=self.context, hidden_layers=hidden_layers)
        return FusedModel(self.fused, context=self.context, hidden_layers=hidden_layers)


def load(
    checkpoint: Checkpoint,
    device: torch.device,
    dtype: torch.dtype,
    runtime: RuntimeChoice = "auto",
    *,
    quantize: Quantize = "none",
) -> Iterator[int | LoadedModel]:
    """Load one checkpoint, in evaluation mode; yields the bytes in memory so far, and last the model.

    A target larger than one GPU is spread over the devices by accelerate. Raises ModelError, MemoryExhausted."""
    config = checks.configuration(checkpoint)
    tokenizer = checks.read_tokenizer(checkpoint)
    fits = checkpoint.n_parameters * dtype.itemsize <= devices.free_bytes(device)
    with checks.foreign(f"{checkpoint.spec} cannot be loaded", "check the checkpoint's files"):
        for item in _read(checkpoint, config, device if fits else None, dtype):
            if isinstance(item, int):
                yield item
                continue
            _refuse_incomplete(checkpoint, item.lacking)
            _refuse_without_rollback(checkpoint, item.model.eval())
            yield on_runtime(_describe(checkpoint, item.model, tokenizer, dtype), runtime, quantize)


def _read(
    checkpoint: Checkpoint, config: PreTrainedConfig, device: torch.device | None, dtype: torch.dtype
) -> Iterator[int | ReadWeights]:
    """The weights of a checkpoint, or made ones; no device: spread over all there are."""
    if checkpoint.timing is None:
        yield from weights.read(checkpoint.folder, config, "auto" if device is None else {"": device}, dtype)
    elif device is None:
        raise InputError(f"{checkpoint.spec} does not fit one device", "choose a smaller timing pair or dtype")
    else:
        yield ReadWeights(timing_pairs.made_model(checkpoint.timing, device, dtype), ())


def on_runtime(loaded: LoadedModel, choice: RuntimeChoice, quantize: Quantize = "none") -> LoadedModel:
    """The model on the runtime that was asked for, or on the leanest it has. Raises ModelError.

    quantize: what its layers' weights, which must be ours alone, become on the way."""
    reason = "asked for" if choice == "modules" else _why_modules(loaded.model)
    if reason and choice in load_plan.FUSED:
        raise load_plan.not_fused(loaded.spec, reason)
    if not reason:
        fused = fuse(loaded.model) if quantize == "none" else fuse_quantised(loaded.model, quantize)
        few_rows.ready(fused)
        graphs = loaded.device.type == "cuda" and choice != "fused-eager"
        loaded = loaded._replace(fused=fused, static=_graphed(fused, loaded.context) if graphs else None)
    elif quantize != "none":
        quantise(loaded.model, quantize)
    if quantize != "none":
        n_bytes = sum(map(weight_bytes, loaded.model.parameters()))
        loaded = loaded._replace(quantize=quantize, n_bytes=n_bytes)
    return loaded._replace(why_modules=reason)


def _why_modules(model: PreTrainedModel) -> str:
    return families.why_not(model.config) or families.why_not_model(model)


def _graphed(fused: FusedWeights, context: int) -> StaticKvCache:
    """Room for rounds as CUDA graphs; it takes no memory to speak of before a first generation."""
    return StaticKvCache(fused, context=context, repeaters=partial(Graphs, fused.embedding.device))


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


def load_pair(plan: LoadPlan) -> Iterator[Progressed | Estimated | Pair]:
    """Estimate, check and load a pair; yields what it would take, how far it has come, and last the pair."""
    needed = load_plan.estimate_pair(plan)
    yield needed
    load_plan.refuse_pair(plan, needed)
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
        for item in load(checkpoint, device, dtype, plan.runtime, quantize="none" if loaded else plan.quantize):
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
