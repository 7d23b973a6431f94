"""Loads pairs and releases them; estimates loads and lists the models there are."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, cast

import torch
from msgspec.structs import replace

from engine import drafters
from engine.commands import Estimate, Load, Survey, Unload
from engine.errors import EngineError, InputError
from engine.events import ConversionStarted, Estimated, Event, ModelLoaded, ModelOption, ModelUnloaded, Progressed
from engine.models import checkpoint_folder, checks, devices, fastest_dtype, load_plan, loading, pair_names, tree_fit
from engine.models.loading import Pair
from engine.models.quantize import parse_quantize
from engine.models.survey import survey
from engine.vocabularies.drafter import OtherTokenizerDrafter

if TYPE_CHECKING:
    from engine.session.session import Session


def load(session: "Session", command: Load, cancelled: Flag) -> Iterator[Event]:
    """Load a pair and replace the loaded one once the new one is complete; yields estimate, progress, ModelLoaded.

    Raises InputError, ModelError, MemoryExhausted; the old pair then stays loaded."""
    started = time.perf_counter()
    plan = plan_of(command, measure=True)
    pair: Pair | None = None
    with closing(
        cast(Generator[Progressed | Estimated | ConversionStarted | Pair, None, None], loading.load_pair(plan))
    ) as steps:
        for step in steps:
            if isinstance(step, Pair):
                pair = step
            else:
                yield replace(step, drafter=command.drafter) if isinstance(step, Estimated) else step
    assert pair is not None
    has_no_drafter = command.drafter == drafters.NONE
    drafter = None if has_no_drafter else drafters.build(command.drafter, *pair)
    session.take_pair(pair, drafter, command)
    loaded = replace(_loaded(pair, command.drafter, time.perf_counter() - started), why_dtype=plan.why_dtype)
    why_no_tree = tree_fit.why_not_pair(pair.target, drafter, command.drafter)
    n_bytes = loaded.drafter_bytes + drafters.weights_bytes(drafter)
    loaded = replace(loaded, drafter_bytes=n_bytes, why_no_tree=why_no_tree)
    yield _through_text(loaded, drafter, pair) if isinstance(drafter, OtherTokenizerDrafter) else loaded


def _through_text(loaded: ModelLoaded, drafter: OtherTokenizerDrafter, pair: Pair) -> ModelLoaded:
    """The event with how much a drafter of another tokenizer shares with its target."""
    assert pair.drafter is not None
    n_tokens = min(len(pair.drafter.tokenizer), pair.drafter.n_vocabulary)
    return replace(loaded, drafts_through="text", shared_tokens=drafter.n_shared, drafter_tokens=n_tokens)


def unload(session: "Session", command: Unload, cancelled: Flag) -> Iterator[Event]:
    """Release the models."""
    session.forget_pair()
    yield ModelUnloaded()


def estimate(session: "Session", command: Estimate, cancelled: Flag) -> Iterator[Event]:
    """Yield what loading a pair would take and why it would be refused, if it would; reads headers only."""
    pair = command.pair
    answer = Estimated(0, 0, 0, 0, pair.device, pair.target)
    try:
        plan = plan_of(pair, measure=False)
        answer = load_plan.estimate_pair(plan)
        load_plan.refuse_pair(plan, answer)
        yield replace(answer, drafter=pair.drafter, conversions=load_plan.conversions(plan))
    except EngineError as err:
        yield replace(answer, drafter=pair.drafter, why_not=err.message)


def look(session: "Session", command: Survey, cancelled: Flag) -> Iterator[Event]:
    """Yield the models and the drafters that need no model, and why one would be refused."""
    own = [spec for spec in command.known if drafters.find(spec).memory is not None]
    models = [spec for spec in command.known if spec not in own]
    own.insert(0, checkpoint_folder.BUILTIN_LONGSPEC)
    answer = survey(command.target, models, device=command.device, dtype=command.dtype, cancelled=cancelled)
    drafter_options = (ModelOption(drafter.spec, drafter.help, 0, "drafter") for drafter in drafters.offered())
    own_options = (_option(spec, command) for spec in own)
    yield replace(answer, options=(*answer.options, *drafter_options, *own_options))


def _option(spec: str, command: Survey) -> ModelOption:
    """A drafter with files that are no model's, and why a load would refuse it beside the target."""
    n_bytes, why_not = 0, ""
    try:
        n_bytes = checkpoint_folder.inspect(spec, drafter=True).n_file_bytes
        plan = plan_of(Load(command.target, spec, command.device, dtype=command.dtype), measure=False)
        load_plan.refuse_pair(plan, load_plan.estimate_pair(plan))
    except EngineError as err:
        why_not = err.message
    return ModelOption(spec, Path(spec).name if Path(spec).is_absolute() else spec, n_bytes, "drafter", why_not)


HANDLERS = {Load: load, Unload: unload, Estimate: estimate, Survey: look}


def plan_of(command: Load, *, measure: bool) -> load_plan.LoadPlan:
    """The plan of a load. measure: whether the fastest type may be measured for it."""
    device = devices.parse_device(command.device)
    drafter_device = device if command.drafter_device == "auto" else devices.parse_device(command.drafter_device)
    devices.parse_dtype(command.dtype, device)
    runtime, quantize = pair_names.parse_runtime(command.runtime), parse_quantize(command.quantize, device)
    kind = None if command.drafter == drafters.NONE else drafters.find(command.drafter)
    has_model = kind is not None and kind.needs_model
    drafter = checkpoint_folder.inspect(_model_of(command.drafter), drafter=True) if has_model else None
    target = checkpoint_folder.inspect(command.target)
    plan = load_plan.plan(target, drafter, device, drafter_device, command.dtype)._replace(
        runtime=runtime, quantize=quantize, drafter_reach=None if kind is None else kind.reach(command.drafter)
    )
    if command.dtype == pair_names.FASTEST:
        plan = _with_fastest_dtype(plan, measure=measure)
    elif command.dtype == "auto" and measure:
        plan = plan._replace(why_dtype=fastest_dtype.offer(checks.configuration(plan.target), device))
    if kind is None or kind.memory is None:
        return plan
    return plan._replace(own_bytes=kind.memory(command.drafter, target, plan.dtype))


def _model_of(drafter: str) -> str:
    """The SPEC of the model that a drafter drafts with. Raises InputError where it works over something else."""
    model = drafters.model_spec(drafter)
    if model != drafter and not drafters.find(model).needs_model:
        raise InputError(f"drafter {drafter}: {model} is no model of its own", "name a model whose text it can shorten")
    return model


def _with_fastest_dtype(plan: load_plan.LoadPlan, *, measure: bool) -> load_plan.LoadPlan:
    """The plan with the type that multiplies the target's matrices fastest, if that is known or may be measured.

    A drafter on another device keeps what `auto` means there."""
    choice = fastest_dtype.choose(checks.configuration(plan.target), plan.device, measure=measure)
    dtype = devices.parse_dtype(choice.dtype, plan.device)
    drafter_dtype = dtype if plan.drafter_device == plan.device else plan.drafter_dtype
    return plan._replace(dtype=dtype, drafter_dtype=drafter_dtype, why_dtype=choice.why)


def _note(pair: Pair) -> str:
    """What has to be said about how the checkpoints of a pair were read."""
    coded = [model for model in pair if model is not None and model.own_code]
    return "; ".join(
        f"the code that {model.own_code} of {model.spec} names (auto_map) is not run: transformers has the family"
        for model in coded
    )


def _loaded(pair: Pair, drafter: str, seconds: float) -> ModelLoaded:
    target, template = pair.target, pair.target.chat_template
    return ModelLoaded(
        target=target.spec,
        drafter=drafter,
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        context=target.context,
        weights_bytes=target.n_bytes,
        drafter_bytes=pair.drafter.n_bytes if pair.drafter is not None else 0,
        seconds=seconds,
        runtime=target.runtime,
        why_modules=target.why_modules,
        drafter_runtime=None if pair.drafter is None else pair.drafter.runtime,
        why_drafter_modules="" if pair.drafter is None else pair.drafter.why_modules,
        graphs=target.graphs,
        n_threads=torch.get_num_threads(),
        quantize=target.quantize,
        chat_template=template is not None,
        chat=template is not None and template.is_default,
        why_chat="" if template is None else template.why,
        rules=target.generation.rules.in_words(),
        ignored=target.generation.ignored,
        sampling=target.generation.sampling,
        note=_note(pair),
    )
