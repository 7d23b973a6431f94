"""Loads targets and drafters onto their devices and runtimes."""

import time
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from transformers import DynamicCache, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from engine.decoding.cached_model import CachedModel, SequenceModel
from engine.decoding.detokenizer import TokenTexts
from engine.errors import InputError, ModelError
from engine.events import AttentionName, ConversionStarted, DraftsThrough, Estimated, Progressed, RuntimeName
from engine.fast import attention_kernels, families, few_rows, packing
from engine.fast.graphs import Graphs
from engine.fast.model import FusedModel
from engine.fast.static_kv_cache import StaticKvCache
from engine.fast.weights import FusedWeights, fuse
from engine.models import (
    checkpoint_folder,
    checks,
    devices,
    generation_config,
    load_plan,
    timing_pairs,
    timing_shapes,
    weights,
)
from engine.models.chat_template import ChatTemplate, without_template
from engine.models.checkpoint_folder import Checkpoint
from engine.models.deepened import deepen
from engine.models.generation_config import ReadGenerationConfig
from engine.models.gguf import cache
from engine.models.kv_size import context_of
from engine.models.load_plan import LoadPlan
from engine.models.pair_names import Quantize, RuntimeChoice
from engine.models.quantize import fuse_quantised, quantise, weight_bytes
from engine.models.weights import ReadWeights
from engine.settings import ChatChoice

_MAX_REPORTS = 200


class LoadedModel(NamedTuple):
    """A model in memory with all that decoding needs to know about it.

    fused: its weights for our own forward, None where it runs on transformers' modules; `why_modules` gives the reason.
    drafts_through: of a drafter, whether it works on the target's ids or, with another tokenizer, through text.
    note: what has to be noted on everything generated with it, empty for most.
    static: the cache of rounds that run as CUDA graphs; None where the host launches every operation.
    chat_template: how a conversation is written for it; None where its tokenizer has no template. chat: whether it is
    asked through that; auto: as instruct models are.
    generation: what its generation config asks for. own_code: the file that names code of its own, which is not run.
    attention: the kernel that our own forward reads prompts with."""

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
    drafts_through: DraftsThrough = "ids"
    static: StaticKvCache | None = None
    chat_template: ChatTemplate | None = None
    chat: ChatChoice = "auto"
    generation: ReadGenerationConfig = ReadGenerationConfig()
    own_code: str = ""
    attention: AttentionName = "auto"

    @property
    def graphs(self) -> bool:
        """Whether its rounds run as CUDA graphs."""
        return self.static is not None

    @property
    def runtime(self) -> RuntimeName:
        """What computes its forward pass."""
        return "modules" if self.fused is None else "fused"

    @property
    def asked_template(self) -> ChatTemplate | None:
        """The chat template it is asked through; None where its text is continued as it is."""
        template = self.chat_template
        if template is None or self.chat == "off":
            return None
        return template if self.chat == "on" or template.is_default else None

    def asked(self, chat: ChatChoice) -> "LoadedModel":
        """The same model, asked as chosen. Raises InputError where it has no chat template to be asked through."""
        if chat == "on" and self.chat_template is None:
            raise without_template(self.spec)
        return self._replace(chat=chat)

    def sequence(self, hidden_layers: Sequence[int] = ()) -> SequenceModel:
        """A new, empty sequence through this model, on its runtime.

        hidden_layers: layers whose output it leaves in `hidden`, in ascending order."""
        if self.fused is None:
            return CachedModel(self.model, context=self.context, hidden_layers=hidden_layers)
        attend = attention_kernels.find(self.attention).attend
        return FusedModel(self.fused, context=self.context, hidden_layers=hidden_layers, attend=attend)


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
    for _ in (conversion := _Conversion(checkpoint)):
        yield 0
    checkpoint = conversion.checkpoint
    config = checks.configuration(checkpoint)
    tokenizer = checks.read_tokenizer(checkpoint)
    fits = checkpoint.n_parameters * dtype.itemsize <= devices.free_bytes(device)
    with checks.foreign(f"{checkpoint.spec} cannot be loaded", "check the checkpoint's files"):
        for update in _read(checkpoint, config, device if fits else None, dtype):
            if isinstance(update, int):
                yield update
                continue
            _refuse_incomplete(checkpoint, update.lacking)
            _refuse_without_rollback(checkpoint, update.model.eval())
            yield on_runtime(_describe(checkpoint, update.model, tokenizer, dtype), runtime, quantize)


class _Conversion:
    """Converts the GGUF file of a checkpoint; iterates over what is reported meanwhile.

    checkpoint: the one to load, afterwards that of the folder. One that is no GGUF file stays as it is."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint

    def __iter__(self) -> Iterator[ConversionStarted | Progressed]:
        if self.checkpoint.gguf is not None:
            yield from cache.convert(self.checkpoint.spec)
            self.checkpoint = checkpoint_folder.inspect(self.checkpoint.spec)


def _read(
    checkpoint: Checkpoint, config: PreTrainedConfig, device: torch.device | None, dtype: torch.dtype
) -> Iterator[int | ReadWeights]:
    """The weights of a checkpoint, or random ones; device None: spread over all devices."""
    if checkpoint.timing is None:
        where: weights.DeviceMap = "auto" if device is None else {"": device}
        if checkpoint.times_as_deep > 1:
            yield from _deepened(checkpoint, where, dtype)
            return
        yield from weights.read(checkpoint.folder, config, where, dtype, n_parameters=checkpoint.n_parameters)
    elif device is None:
        raise InputError(f"{checkpoint.spec} does not fit one device", "choose a smaller timing pair or dtype")
    else:
        yield ReadWeights(timing_pairs.made_model(checkpoint.timing, device, dtype), ())


def _deepened(checkpoint: Checkpoint, where: weights.DeviceMap, dtype: torch.dtype) -> Iterator[int | ReadWeights]:
    """The weights of a checkpoint, with further layers once they are read."""
    own = checkpoint._replace(times_as_deep=1)
    for update in weights.read(
        own.folder, checks.configuration(own), where, dtype, n_parameters=checkpoint.n_parameters
    ):
        if isinstance(update, ReadWeights):
            update = update._replace(model=deepen(update.model, checkpoint.times_as_deep))
        yield update


def on_runtime(loaded: LoadedModel, choice: RuntimeChoice, quantize: Quantize = "none") -> LoadedModel:
    """The model on the requested runtime, or on the leanest it has. Raises ModelError.

    quantize: the type that its layers' weights, which must be ours alone, are converted to."""
    reason = "asked for" if choice == "modules" else _why_modules(loaded.model)
    if reason and choice in load_plan.FUSED:
        raise load_plan.not_fused(loaded.spec, reason)
    if not reason:
        fused = fuse(loaded.model) if quantize == "none" else fuse_quantised(loaded.model, quantize)
        fused = packing.pack(fused, devices.free_bytes(loaded.device))
        few_rows.ready(fused)
        graphs = loaded.device.type == "cuda" and choice != "fused-eager"
        loaded = loaded._replace(fused=fused, static=_graph_cache(fused, loaded.context) if graphs else None)
    elif quantize != "none":
        quantise(loaded.model, quantize)
    if quantize != "none":
        n_bytes = sum(map(weight_bytes, loaded.model.parameters()))
        loaded = loaded._replace(quantize=quantize, n_bytes=n_bytes)
    return loaded._replace(why_modules=reason)


def _why_modules(model: PreTrainedModel) -> str:
    return families.why_not(model.config) or families.why_not_model(model)


def _graph_cache(fused: FusedWeights, context: int) -> StaticKvCache:
    """A cache for rounds as CUDA graphs; it takes almost no memory before a first generation."""
    return StaticKvCache(fused, context=context, repeaters=partial(Graphs, fused.embedding.device))


def with_own_graphs(loaded: LoadedModel) -> LoadedModel:
    """The same model with a cache of its own for captured rounds, if it has one.

    A cache serves one drafter: another one makes it drop what was captured for the first."""
    if loaded.static is None or loaded.fused is None:
        return loaded
    return loaded._replace(static=_graph_cache(loaded.fused, loaded.context))


def _refuse_incomplete(checkpoint: Checkpoint, lacking: tuple[str, ...]) -> None:
    """Raises ModelError for a weight that the files lack: it would silently be random."""
    if lacking:
        reason = f"{checkpoint.spec} does not fit its configuration: {lacking[0]} is missing or of another shape"
        raise ModelError(reason, "download the checkpoint again, whole")


@torch.inference_mode()
def _refuse_without_rollback(checkpoint: Checkpoint, model: PreTrainedModel) -> None:
    """Raises ModelError after a first token, which shows what a configuration does not tell of its cache."""
    cache = DynamicCache(config=model.config)
    first = torch.zeros(1, 1, dtype=torch.int64, device=model.get_input_embeddings().weight.device)
    model(input_ids=first, cache=cache, use_cache=True)
    layers_with_keys = [layer for layer in cache.layers if getattr(layer, "keys", None) is not None]
    if not layers_with_keys or not all(getattr(layer, "is_croppable", True) for layer in cache.layers):
        raise checks.recurrent(checkpoint.spec)


def _describe(
    checkpoint: Checkpoint, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, dtype: torch.dtype
) -> LoadedModel:
    weight, stop_ids = model.get_input_embeddings().weight, _stop_ids(model)
    template = ChatTemplate(tokenizer, checkpoint.spec, stop_ids) if tokenizer.chat_template else None
    stop_ids = stop_ids if template is None else stop_ids | template.end_ids
    return LoadedModel(
        spec=checkpoint.spec,
        model=model,
        tokenizer=tokenizer,
        texts=TokenTexts(tokenizer),
        device=weight.device,
        dtype=dtype,
        context=context_of(model.config.get_text_config()),
        n_vocabulary=int(model.get_output_embeddings().weight.shape[0]),
        stop_ids=stop_ids,
        n_bytes=sum(p.numel() * p.element_size() for p in model.parameters()),
        note=_note(checkpoint),
        chat_template=template,
        generation=generation_config.read(model.generation_config, checkpoint.spec, stop_ids),
        own_code=checkpoint.own_code,
    )


def _note(checkpoint: Checkpoint) -> str:
    """What has to be noted on everything generated with a model that serves timing."""
    if checkpoint.times_as_deep > 1:
        return timing_shapes.deepened_note(checkpoint.times_as_deep)
    return "" if checkpoint.timing is None else checkpoint.timing.note()


def _stop_ids(model: PreTrainedModel) -> frozenset[int]:
    generation = model.generation_config.eos_token_id if model.generation_config is not None else None
    stop_ids = generation if generation is not None else getattr(model.config, "eos_token_id", None)
    return frozenset() if stop_ids is None else frozenset([stop_ids] if isinstance(stop_ids, int) else stop_ids)


class Pair(NamedTuple):
    """A target and its drafter's model, if it has one."""

    target: LoadedModel
    drafter: LoadedModel | None


def refuse_other_tokenizer(target: LoadedModel, drafter: LoadedModel) -> None:
    """Raises InputError for a drafter of another tokenizer, where ids of the target are its input."""
    if drafter.drafts_through == "text":
        reason = f"{drafter.spec} has another tokenizer than {target.spec}"
        raise InputError(f"{reason}, and drafts for one sequence only", "choose a drafter of the same family")


def load_pair(plan: LoadPlan) -> Iterator[Progressed | Estimated | ConversionStarted | Pair]:
    """Estimate, check and load a pair; yields what it would take, the progress, and last the pair."""
    needed = load_plan.estimate_pair(plan)
    yield needed
    load_plan.refuse_pair(plan, needed)
    plan = yield from _with_converted(plan)
    target_bytes = plan.target.n_parameters * plan.dtype.itemsize
    drafter_bytes = 0 if plan.drafter is None else plan.drafter.n_parameters * plan.drafter_dtype.itemsize
    reports = _LoadProgress(target_bytes + drafter_bytes)
    yield reports.at(0)
    loaded: list[LoadedModel] = []
    bytes_before = 0
    for checkpoint, device, dtype, n_bytes in (
        (plan.target, plan.device, plan.dtype, target_bytes),
        (plan.drafter, plan.drafter_device, plan.drafter_dtype, drafter_bytes),
    ):
        if checkpoint is None:
            continue
        for update in load(checkpoint, device, dtype, plan.runtime, quantize="none" if loaded else plan.quantize):
            if isinstance(update, LoadedModel):
                loaded.append(update)
            elif reports.is_due(bytes_before + min(update, n_bytes)):
                yield reports.at(bytes_before + min(update, n_bytes))
        bytes_before += n_bytes
        yield reports.at(bytes_before)
    yield Pair(loaded[0], _beside(plan, loaded[1]) if loaded[1:] else None)


def _with_converted(plan: LoadPlan) -> Generator[ConversionStarted | Progressed, None, LoadPlan]:
    """The plan with the folders that its GGUF files were converted into, which is done now where it was not."""
    target, drafter = _Conversion(plan.target), None if plan.drafter is None else _Conversion(plan.drafter)
    yield from target
    if drafter is not None:
        yield from drafter
    return plan._replace(target=target.checkpoint, drafter=None if drafter is None else drafter.checkpoint)


def load_drafter(plan: LoadPlan) -> Generator[ConversionStarted | Progressed, None, LoadedModel]:
    """Load the drafter of a plan beside a target that is in memory already. Yields progress, returns the model.

    Raises InputError, ModelError where it does not fit what is free, or the target."""
    assert plan.drafter is not None
    load_plan.refuse_drafter(plan)
    plan = yield from _with_converted(plan)
    assert plan.drafter is not None
    n_bytes = plan.drafter.n_parameters * plan.drafter_dtype.itemsize
    reports, model = _LoadProgress(n_bytes), None
    for update in load(plan.drafter, plan.drafter_device, plan.drafter_dtype, plan.runtime):
        if isinstance(update, LoadedModel):
            model = update
        elif reports.is_due(min(update, n_bytes)):
            yield reports.at(min(update, n_bytes))
    assert model is not None
    return _beside(plan, model)


def _beside(plan: LoadPlan, drafter: LoadedModel) -> LoadedModel:
    """The drafter as it drafts for the plan's target."""
    assert plan.drafter is not None
    return drafter._replace(drafts_through=checks.drafts_through(plan.target, plan.drafter))


class _LoadProgress:
    """The progress of a load, in at most about 200 reports."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._last_report = 0
        self._started = time.perf_counter()

    def is_due(self, n_bytes: int) -> bool:
        """Whether enough was read since the last report."""
        return n_bytes - self._last_report >= self._total / _MAX_REPORTS

    def at(self, n_bytes: int) -> Progressed:
        """The report after so many bytes."""
        self._last_report = n_bytes
        return Progressed("loading", n_bytes, self._total, "bytes", time.perf_counter() - self._started)
