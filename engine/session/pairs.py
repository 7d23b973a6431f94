"""Loads pairs and gives them back; says what one would take and which models there are."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from threading import Event as Flag
from typing import TYPE_CHECKING, cast

import torch
from msgspec.structs import replace

from engine import drafters
from engine.commands import Estimate, Load, Survey, Unload
from engine.errors import EngineError
from engine.events import Estimated, Event, ModelLoaded, ModelOption, ModelUnloaded, Progressed
from engine.models import checkpoint_folder, checks, devices, fastest_dtype, load_plan, loading
from engine.models.loading import Pair
from engine.models.quantize import parse_quantize
from engine.models.survey import survey

if TYPE_CHECKING:
    from engine.session.session import Session


def load(session: "Session", asked: Load, cancelled: Flag) -> Iterator[Event]:
    """Load a pair, replacing the one before once the new one is complete; yields estimate, progress, ModelLoaded.

    Raises InputError, ModelError, MemoryExhausted; the pair before stays loaded."""
    started = time.perf_counter()
    planned = _plan(asked, measure=True)
    pair: Pair | None = None
    with closing(cast(Generator[Progressed | Estimated | Pair, None, None], loading.load_pair(planned))) as steps:
        for item in steps:
            if isinstance(item, Pair):
                pair = item
            else:
                yield item if isinstance(item, Progressed) else replace(item, drafter=asked.drafter)
    assert pair is not None
    none = asked.drafter == drafters.NONE
    session.take_pair(pair, None if none else drafters.build(asked.drafter, *pair), asked.drafter)
    yield replace(_loaded(pair, asked.drafter, time.perf_counter() - started), why_dtype=planned.why_dtype)


def unload(session: "Session", asked: Unload, cancelled: Flag) -> Iterator[Event]:
    """Release the models."""
    session.forget_pair()
    yield ModelUnloaded()


def estimate(session: "Session", asked: Estimate, cancelled: Flag) -> Iterator[Event]:
    """Yield what loading a pair would take and why it would be refused, if it would; reads headers only."""
    pair = asked.pair
    needed = Estimated(0, 0, 0, 0, pair.device, pair.target)
    try:
        planned = _plan(pair, measure=False)
        needed = load_plan.estimate_pair(planned)
        load_plan.refuse_pair(planned, needed)
        yield replace(needed, drafter=pair.drafter)
    except EngineError as err:
        yield replace(needed, drafter=pair.drafter, why_not=err.message)


def look(session: "Session", asked: Survey, cancelled: Flag) -> Iterator[Event]:
    """Yield which models and drafters without one there are, and why one would be refused."""
    found = survey(asked.target, asked.known, device=asked.device, dtype=asked.dtype, cancelled=cancelled)
    others = (ModelOption(offered.spec, offered.help, 0, "drafter") for offered in drafters.offered())
    yield replace(found, options=(*found.options, *others))


HANDLERS = {Load: load, Unload: unload, Estimate: estimate, Survey: look}


def _plan(asked: Load, *, measure: bool) -> load_plan.LoadPlan:
    """What is to be loaded where. measure: whether the fastest type may be found out by measuring."""
    on = devices.parse_device(asked.device)
    drafter_on = on if asked.drafter_device == "auto" else devices.parse_device(asked.drafter_device)
    devices.parse_dtype(asked.dtype, on)
    chosen, bits = devices.parse_runtime(asked.runtime), parse_quantize(asked.quantize, on)
    needs_model = asked.drafter != drafters.NONE and drafters.find(asked.drafter).needs_model
    small = checkpoint_folder.inspect(asked.drafter, drafter=True) if needs_model else None
    target = checkpoint_folder.inspect(asked.target)
    planned = load_plan.plan(target, small, on, drafter_on, asked.dtype)._replace(runtime=chosen, quantize=bits)
    return _in_fastest(planned, measure=measure) if asked.dtype == devices.FASTEST else planned


def _in_fastest(planned: load_plan.LoadPlan, *, measure: bool) -> load_plan.LoadPlan:
    """The plan in the type that multiplies the target's matrices fastest, as far as that is known or may be measured.

    A drafter elsewhere keeps what `auto` means there."""
    choice = fastest_dtype.choose(checks.configuration(planned.target), planned.device, measure=measure)
    kind = devices.parse_dtype(choice.dtype, planned.device)
    beside = kind if planned.drafter_device == planned.device else planned.drafter_dtype
    return planned._replace(dtype=kind, drafter_dtype=beside, why_dtype=choice.why)


def _loaded(pair: Pair, drafter: str, seconds: float) -> ModelLoaded:
    target = pair.target
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
    )
