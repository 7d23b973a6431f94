"""Compares lanes on one target: loads it and every drafter, and leaves out the lanes that cannot take part."""

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from threading import Event as Flag
from typing import TYPE_CHECKING, NamedTuple

import torch
from msgspec.structs import replace

from engine import drafters
from engine.commands import Compare, Load, Race
from engine.decoding.policies.round_times import RoundTimes
from engine.errors import EngineError, InputError
from engine.events import ComparedPrompt, Event, LaneRefused, LaneSpec, Progressed, Warned
from engine.experiments import prompt_sets
from engine.experiments.changes import expected_stage
from engine.experiments.comparing import ComparisonJob, warmed_up
from engine.experiments.comparing import compare as measured
from engine.experiments.comparison_time import ComparisonStage, ComparisonTime
from engine.experiments.lane_specs import (
    PLAIN,
    config_of,
    is_approximate,
    one_a_drafter,
    refuse_ambiguous,
    with_gamma,
)
from engine.experiments.lanes import Lane
from engine.experiments.prompt_sets import PromptSet
from engine.experiments.racing import race as raced
from engine.experiments.tuning import N_CONFIRMED, tuned
from engine.machine.energy import EnergyMeter, NotMeasurable, meter_for
from engine.machine.out_of_memory import memory_errors
from engine.methods.sprinter.config import SprinterConfig
from engine.models.chat_template import asked_as_chat
from engine.prompts import Message
from engine.runtime import AskedPrompt, RunContext
from engine.session.lane_loading import LoadedDrafter, load_of, loaded_drafter, loaded_target, until_stopped
from engine.session.memory import release_memory
from engine.settings import ChatConfig, GenerationConfig, Request, make_config
from engine.sprinter.files import fit_drafter, open_for_pair

if TYPE_CHECKING:
    from engine.session.session import Session

_MOST_REPEATS = 1_000
_FEWER = "compare fewer drafters at once, or smaller ones"


class _Prompts(NamedTuple):
    """The prompts that fit, with the ids of their first turns and the conversations that these begin (no messages where
    they are not asked as chat), a line for each prompt that does not fit, and what was changed in those that do."""

    prompts: tuple[ComparedPrompt, ...]
    ids: tuple[tuple[int, ...], ...]
    conversations: tuple[tuple[Message, ...], ...]
    skipped: tuple[str, ...]
    notes: tuple[str, ...]


def compare(session: "Session", command: Compare, cancelled: Flag) -> Iterator[Event]:
    """Compare lanes over a set of prompts; see `experiments.comparing` for the events.

    Raises InputError before anything is loaded: a setting out of its bounds, no prompts."""
    settings = make_config(ChatConfig, command.settings)
    _check(command)
    if not 1 <= command.repeats <= _MOST_REPEATS:
        reason = f"repeats = {command.repeats}: must be from 1 to {_MOST_REPEATS:,}"
        raise InputError(reason, "1 is enough over many prompts")
    prompt_set = prompt_sets.read(command.prompts, n=command.n_prompts, seed=settings.seed)
    try:
        yield from _compared(session, command, prompt_set, cancelled)
    finally:
        release_memory()


def _compared(session: "Session", command: Compare, prompt_set: PromptSet, cancelled: Flag) -> Iterator[Event]:
    lanes, refused = yield from _loaded_lanes(session, command, cancelled)
    prompts = _fitting(lanes[0], prompt_set.prompts, make_config(ChatConfig, command.settings))
    job = ComparisonJob(
        target=lanes[0].target,
        lanes=tuple(lanes),
        refused=tuple(refused),
        prompt_set=prompt_set.name,
        prompts=prompts.prompts,
        prompt_ids=prompts.ids,
        conversations=prompts.conversations,
        skipped=(*prompt_set.skipped, *prompts.skipped),
        n_skipped=prompt_set.n_skipped + len(prompts.skipped),
        prompt_notes=prompts.notes,
        settings=command.settings,
        repeats=command.repeats,
        meter=_meter(lanes),
    )
    yield from _on_models(_measured(job, command, cancelled))


def race(session: "Session", command: Race, cancelled: Flag) -> Iterator[Event]:
    """Let lanes continue one prompt, a round of each in turn; see `experiments.racing` for the events."""
    _check(command)
    comparison = Compare(
        command.lanes, settings=command.settings, target=command.target, device=command.device,
        drafter_device=command.drafter_device, dtype=command.dtype, runtime=command.runtime, quantize=command.quantize,
    )  # fmt: skip
    try:
        yield from _raced(session, comparison, command.prompt, cancelled)
    finally:
        release_memory()


def _raced(session: "Session", comparison: Compare, prompt: str, cancelled: Flag) -> Iterator[Event]:
    lanes, refused = yield from _loaded_lanes(session, comparison, cancelled)
    for _, refusal in refused:
        yield refusal
    context = RunContext(lanes[0].target, None, drafters.NONE, cancelled=cancelled)
    asked = context.asked(Request(prompt), make_config(ChatConfig, comparison.settings))
    if asked.warning:
        yield Warned(asked.warning, asked.way_out)
    # Lanes run side by side: a drafter that two of them use needs two states.
    own = [
        lane._replace(drafter=drafters.build(lane.spec.drafter, lane.target, lane.model)) if lane.drafter else lane
        for lane in lanes
    ]
    yield from _on_models(raced(own, asked.ids, cancelled, question=prompt if asked.messages else ""))


HANDLERS = {Compare: compare, Race: race}


def _check(command: Compare | Race) -> None:
    """Raise InputError where a lane's settings are out of their bounds, or lanes could not be told apart."""
    for lane in command.lanes:
        config_of(lane, command.settings)
    refuse_ambiguous(command.lanes)
    if isinstance(command, Compare) and command.tune:
        if any(is_approximate(lane.method) for lane in command.lanes):
            raise InputError("a gate decides how long drafts are, and tuning chooses that", "leave out its lanes")
        refuse_ambiguous([with_gamma(lane, 1) for lane in one_a_drafter(command.lanes)])


def _meter(lanes: Sequence[Lane]) -> EnergyMeter | NotMeasurable:
    """What counts the energy of all lanes; a counter of one device would leave out what the others use."""
    models = (lanes[0].target, *(lane.model for lane in lanes if lane.model is not None))
    devices = {
        device for loaded in models for device in (loaded.device, *(p.device for p in loaded.model.parameters()))
    }
    if len({device for device in devices if device.type != "meta"}) > 1:
        return NotMeasurable("not measurable here: the models are on several devices, of which one counter knows one")
    return meter_for(lanes[0].target.device.type, lanes[0].target.device.index or 0)


def _measured(job: ComparisonJob, command: Compare, cancelled: Flag) -> Iterator[Event]:
    """The comparison's events; its progress says how long all its stages together still take."""
    time_left = ComparisonTime(_stages(job, tune=command.tune))
    with closing(_tuned_and_measured(job, command, cancelled)) as events:
        for event in events:
            yield time_left.told(event) if isinstance(event, Progressed) else event


def _stages(job: ComparisonJob, *, tune: bool) -> tuple[ComparisonStage, ...]:
    """The stages that are counted. How many texts there are after tuning is known once it has chosen the lanes."""
    n_lanes = 1 + (len(job.lanes) - 1) * (N_CONFIRMED if tune else 1)
    n_texts = n_lanes * job.repeats * sum(len(prompt.turns) for prompt in job.prompts)
    checking = expected_stage(
        has_model=any(lane.model is not None for lane in job.lanes),
        n_prompts=len(job.prompts),
        n_new=job.lanes[0].config.max_new_tokens,
    )
    tuning = (ComparisonStage("tuning", "steps", 0),) if tune else ()  # the first: its own total counts
    return (*tuning, ComparisonStage("measuring", "texts", n_texts), checking)


def _tuned_and_measured(job: ComparisonJob, command: Compare, cancelled: Flag) -> Generator[Event, None, None]:
    if command.tune:
        job = yield from warmed_up(job, cancelled)
        lanes, predictions = yield from tuned(job, cancelled)
        job = job._replace(lanes=lanes, predictions=predictions)
    yield from measured(job, cancelled)


def _on_models(events: Iterator[Event]) -> Iterator[Event]:
    with torch.inference_mode(), memory_errors("the comparison", _FEWER):
        yield from events


def _loaded_lanes(
    session: "Session", command: Compare, cancelled: Flag
) -> Generator[Event, None, tuple[list[Lane], list[tuple[LaneSpec, LaneRefused]]]]:
    """The lanes that can take part, plain decoding first, and the others with the reason."""
    pair = load_of(command)
    target = yield from loaded_target(session, pair, cancelled)
    lanes = [Lane(PLAIN, target, None, None, config_of(PLAIN, command.settings))]
    refused: list[tuple[LaneSpec, LaneRefused]] = []
    ready: dict[str, LoadedDrafter | LaneRefused] = {}
    for spec in command.lanes:
        if spec.name == PLAIN.name:
            continue
        if spec.drafter not in ready:
            steps = _drafter(session, replace(pair, drafter=spec.drafter), spec)
            ready[spec.drafter] = yield from until_stopped(steps, cancelled)
        drafter = ready[spec.drafter]
        if isinstance(drafter, LaneRefused):
            refused.append((spec, replace(drafter, lane=spec.name)))
        else:
            lane = _with_gate(spec, drafter, config_of(spec, command.settings))
            if isinstance(lane, LaneRefused):
                refused.append((spec, lane))
            else:
                lanes.append(lane)
    return lanes, refused


def _with_gate(spec: LaneSpec, drafter: LoadedDrafter, config: GenerationConfig) -> Lane | LaneRefused:
    """A lane, its gate opened once for all its texts where it has one, or why that gate does not fit."""
    lane = Lane(spec, drafter.target, drafter.drafter, drafter.model, config, RoundTimes())
    if not isinstance(config, SprinterConfig):
        return lane
    try:
        model = fit_drafter(drafter.model, spec.drafter, drafter.target)
        return lane._replace(gate=open_for_pair(config.gate, drafter.target, model))
    except EngineError as err:
        return LaneRefused(spec.name, err.message, err.hint)


def _drafter(session: "Session", pair: Load, lane: LaneSpec) -> Generator[Event, None, LoadedDrafter | LaneRefused]:
    """A lane's drafter on the target in memory, or why there is none."""
    try:
        return (yield from loaded_drafter(session, pair))
    except EngineError as err:
        return LaneRefused(lane.name, err.message, err.hint)


def _fitting(plain: Lane, prompts: Sequence[ComparedPrompt], config: ChatConfig) -> _Prompts:
    """The prompts that leave room for new tokens. Raises InputError where none does, or none can be asked so."""
    target = plain.target
    asked_as_chat(target.chat_template, target.spec, config)
    runtime = RunContext(target, None, drafters.NONE, cancelled=Flag())
    kept: list[ComparedPrompt] = []
    asked: list[AskedPrompt] = []
    skipped: list[str] = []
    for prompt in prompts:
        try:
            asked.append(runtime.asked(Request(prompt.turns[0]), config))
            kept.append(prompt)
        except InputError as err:
            skipped.append(f"prompt {prompt.id}: {err.message}")
    if not kept:
        raise InputError(f"no prompt can be used: {skipped[0]}", "use shorter prompts, or another target")
    ids, conversations = tuple(each.ids for each in asked), tuple(each.messages for each in asked)
    return _Prompts(tuple(kept), ids, conversations, tuple(skipped), _notes(asked))


def _notes(asked: Sequence[AskedPrompt]) -> tuple[str, ...]:
    """What was changed in the prompts, in how many of them, and the way out of that, a line each."""
    changes = Counter((each.warning, each.way_out) for each in asked if each.warning)
    return tuple(
        f"{warning} (prompts affected: {n} of {len(asked)}); {way_out}" for (warning, way_out), n in changes.items()
    )
