"""Plans how a pair is loaded, what memory that takes, and why it would be refused; reads no weights."""

from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

import torch
from transformers import PreTrainedConfig

from engine.errors import InputError, ModelError
from engine.events import ConversionStarted, Estimated
from engine.fast import families
from engine.models import checkpoint_folder, checks, devices, timing_shapes
from engine.models.checkpoint_folder import Checkpoint
from engine.models.gguf import plan as conversion_plan
from engine.models.kv_size import context_of, kv_bytes
from engine.models.packed_size import packed_bytes
from engine.models.pair_names import Quantize, RuntimeChoice
from engine.models.quantize import held_bytes
from engine.models.work_size import work_bytes

FUSED: tuple[RuntimeChoice, ...] = ("fused", "fused-eager")
# The rest is left for caches, work space and whatever else the device does.
_MOST_FILLED = 0.85
# Ids of a first prompt and its continuation, for which there must be room.
_LEAST_CONTEXT = 1024


class LoadPlan(NamedTuple):
    """A pair to load, where, and in which types. own_bytes: what a drafter that is no model takes beside the target.

    drafter_reach: how many ids of a text the drafter keeps of at most, None for as many as it can."""

    target: Checkpoint
    drafter: Checkpoint | None
    device: torch.device
    drafter_device: torch.device
    dtype: torch.dtype
    drafter_dtype: torch.dtype
    runtime: RuntimeChoice = "auto"
    quantize: Quantize = "none"
    why_dtype: str = ""
    own_bytes: int = 0
    drafter_reach: int | None = None


def plan(
    target: Checkpoint, drafter: Checkpoint | None, device: torch.device, drafter_device: torch.device, dtype: str
) -> LoadPlan:
    """The plan of loading a pair. Raises InputError for an unknown dtype."""
    target_dtype, drafter_dtype = devices.parse_dtype(dtype, device), devices.parse_dtype(dtype, drafter_device)
    drafter_bytes = (
        drafter.n_parameters * drafter_dtype.itemsize if drafter is not None and drafter_device == device else 0
    )
    target_bytes = int(_MOST_FILLED * devices.free_bytes(device)) - drafter_bytes
    fitting_target = _cut_to_fit(target, target_bytes // target_dtype.itemsize)
    return LoadPlan(fitting_target, drafter, device, drafter_device, target_dtype, drafter_dtype)


def _cut_to_fit(target: Checkpoint, max_parameters: int) -> Checkpoint:
    """A timing pair's target that may lose layers, with at most that many parameters; any other as it is."""
    if target.timing is None or not timing_shapes.may_be_cut(target.timing):
        return target
    return checkpoint_folder.of_timing(target.spec, timing_shapes.cut_to(target.timing, max_parameters))


def estimate_pair(plan: LoadPlan) -> Estimated:
    """What loading the pair would take on the target's device. Raises ModelError."""
    drafter = plan.drafter if plan.drafter_device == plan.device else None
    return estimate(plan._replace(drafter=drafter))


def conversions(plan: LoadPlan) -> tuple[ConversionStarted, ...]:
    """What the GGUF files of a pair take to be converted. Raises InputError: disk or memory do not hold it."""
    sources = [c.gguf for c in (plan.target, plan.drafter) if c is not None and c.gguf is not None]
    works = [conversion_plan.plan(source) for source in sources]
    for work in works:
        conversion_plan.refuse_too_large(work)
    return tuple(map(conversion_plan.started, works))


def refuse_pair(plan: LoadPlan, needed: Estimated) -> None:
    """Check everything that can be held against a pair before its weights are read. Raises InputError, ModelError.

    Weights to be quantised pass through memory unquantised."""
    unquantised = needed if plan.quantize == "none" else estimate_pair(plan._replace(quantize="none"))
    refuse_if_too_large(unquantised, plan.device)
    _refuse_drafter_elsewhere(plan, unquantised)
    for checkpoint in (plan.target, plan.drafter):
        if checkpoint is not None:
            _refuse_checkpoint(checkpoint, plan)
    if plan.drafter is not None:
        checks.refuse_unshared_text(plan.target, plan.drafter)


def refuse_drafter(plan: LoadPlan) -> None:
    """Check a drafter whose target is in memory already. Raises InputError, ModelError."""
    assert plan.drafter is not None
    _refuse_checkpoint(plan.drafter, plan)
    checks.refuse_unshared_text(plan.target, plan.drafter)
    _refuse_drafter_alone(plan, _LEAST_CONTEXT)


def _refuse_checkpoint(checkpoint: Checkpoint, plan: LoadPlan) -> None:
    config = checks.configuration(checkpoint)
    checks.refuse_recurrent(checkpoint, config)
    reason = families.why_not(config) if plan.runtime in FUSED else ""
    if reason:
        raise not_fused(checkpoint.spec, reason)


def refuse_if_too_large(needed: Estimated, device: torch.device) -> None:
    """Raises InputError if models, the cache of a short text and the work do not fit: what is free, times the GPUs.

    The cache of the full context need not fit: many models could take longer texts than they are ever given."""
    n_bytes = least_bytes(needed)
    n_devices = torch.cuda.device_count() if device.type == "cuda" else 1
    if n_bytes > n_devices * needed.free_bytes:
        reason = f"the models need {n_bytes / 2**30:.1f} GiB, {needed.free_bytes / 2**30:.1f} GiB are free on {device}"
        raise InputError(reason, "choose a smaller model or dtype, or free memory")


def least_bytes(needed: Estimated) -> int:
    """What models, the cache of a short text and the work take together."""
    n_kv_bytes = needed.kv_bytes * min(1.0, _LEAST_CONTEXT / max(1, needed.context))
    return int(needed.weights_bytes + needed.drafter_bytes + n_kv_bytes + needed.work_bytes)


def _refuse_drafter_elsewhere(plan: LoadPlan, needed: Estimated) -> None:
    """Raises InputError if a drafter on another device does not fit what is free there."""
    if plan.drafter is not None and plan.drafter_device != plan.device:
        _refuse_drafter_alone(plan, min(needed.context, _LEAST_CONTEXT))


def _refuse_drafter_alone(plan: LoadPlan, context: int) -> None:
    """Raises InputError if a drafter and its cache do not fit what is free on its device."""
    assert plan.drafter is not None
    config = checks.configuration(plan.drafter)
    reach = context if plan.drafter_reach is None else min(context, plan.drafter_reach)
    n_bytes = _drafter_bytes(config, plan.drafter.n_parameters, plan.drafter_dtype, plan.runtime, context=reach)
    free = devices.free_bytes(plan.drafter_device)
    if n_bytes > free:
        reason = (
            f"the drafter needs {n_bytes / 2**30:.1f} GiB, {free / 2**30:.1f} GiB are free on {plan.drafter_device}"
        )
        raise InputError(reason, "choose a smaller drafter, or put it on another device")


def estimate(plan: LoadPlan) -> Estimated:
    """What loading on one device would take: weights, a KV cache of the full context, the drafter, and what is free."""
    target, drafter, device, dtype, runtime = plan.target, plan.drafter, plan.device, plan.dtype, plan.runtime
    config = checks.configuration(target)
    context = context_of(config.get_text_config())
    weights_bytes = held_bytes(config, target.n_parameters, dtype, plan.quantize)
    free_bytes, work = devices.free_bytes(device), work_bytes(config, dtype, device)

    drafter_config = None if drafter is None else checks.configuration(drafter)
    n_beside = free_bytes - weights_bytes - (0 if drafter is None else drafter.n_parameters * dtype.itemsize)
    n_packed = packed_bytes(config, dtype, device, runtime, n_beside, quantize=plan.quantize)
    if drafter_config is not None:
        n_packed += packed_bytes(drafter_config, dtype, device, runtime, n_beside)

    def drafter_bytes(n: int) -> int:
        if drafter is None or drafter_config is None:
            return plan.own_bytes
        reach = n if plan.drafter_reach is None else min(n, plan.drafter_reach)
        return _drafter_bytes(drafter_config, drafter.n_parameters, dtype, runtime, context=reach)

    def total_bytes(n: int) -> int:
        return weights_bytes + kv_bytes(config, dtype, runtime, context=n) + drafter_bytes(n) + work + n_packed

    return Estimated(
        weights_bytes=weights_bytes,
        kv_bytes=kv_bytes(config, dtype, runtime, context=context),
        drafter_bytes=drafter_bytes(context),
        free_bytes=free_bytes,
        device=str(device),
        target=target.spec,
        context=context,
        work_bytes=work,
        packed_bytes=n_packed,
        fitting_context=_fitting_context(total_bytes, free_bytes, context),
    )


def _fitting_context(total_bytes: Callable[[int], int], free_bytes: int, context: int) -> int:
    """The longest text for which there is certainly room: a full cache doubles, until it holds the context."""
    longest = bisect_right(range(context + 1), free_bytes, key=total_bytes) - 1
    return context if longest == context else max(0, longest // 2)


def _drafter_bytes(
    config: PreTrainedConfig, n_parameters: int, dtype: torch.dtype, runtime: RuntimeChoice, *, context: int
) -> int:
    """Weights and cache of a drafter, which reads no further than its target's context and its own."""
    reach = min(context, context_of(config.get_text_config()))
    return n_parameters * dtype.itemsize + kv_bytes(config, dtype, runtime, context=reach)


def not_fused(spec: str, reason: str) -> ModelError:
    """The refusal of a model that should be fused and cannot be."""
    return ModelError(f"{spec} has no fused runtime: {reason}", "use the runtime auto or modules")
