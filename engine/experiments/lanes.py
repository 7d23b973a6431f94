"""A lane in memory: its drafter on the target that all lanes share, and one measured generation of it."""

from collections.abc import Sequence
from contextlib import closing
from threading import Event as Flag
from typing import NamedTuple

from msgspec.structs import replace

from engine.decoding.drafting import Drafter
from engine.decoding.generation import Generation, everything
from engine.decoding.policies.round_times import RoundTimes
from engine.drafters import model_spec, weights_bytes
from engine.events import LaneSpec, PolicyDecided, RoundFinished
from engine.experiments.lane_specs import method_of
from engine.machine.energy import EnergyMeter
from engine.methods.run_events import drafts_trees
from engine.models.hashes import model_hash
from engine.models.kv_size import kv_bytes
from engine.models.loading import LoadedModel
from engine.runtime import RunContext
from engine.settings import GenerationConfig
from engine.sprinter.files import PairGate

_N_WARM_UP = 12
_WARM_UP_CONTEXT = 64


class Lane(NamedTuple):
    """One lane, ready to decode. drafter: None for plain decoding; model: the drafter's, None where it is none.

    config: that of its method, with the draft length. round_times: what its policy knows of its rounds, kept from one
    text to the next; None where nothing is kept. gate: of a lane that decodes with one, opened for all its texts."""

    spec: LaneSpec
    target: LoadedModel
    drafter: Drafter | None
    model: LoadedModel | None
    config: GenerationConfig
    round_times: RoundTimes | None = None
    gate: PairGate | None = None


class MeasuredText(NamedTuple):
    """What a lane wrote after a prompt. started_s: when its prefill ended, on the clock of its rounds.

    decisions: of its policy. memory_bytes: weights and caches of both models at the end of the text."""

    generation: Generation
    rounds: tuple[RoundFinished, ...]
    started_s: float
    joules: float | None
    memory_bytes: int
    decisions: tuple[PolicyDecided, ...] = ()


def warm_up(lane: Lane, ids: Sequence[int], cancelled: Flag) -> None:
    """Decode a little before anything is timed: first calls allocate, compile and capture."""
    short = replace(lane.config, max_new_tokens=min(_N_WARM_UP, lane.config.max_new_tokens))
    continued(lane._replace(config=short), ids[-_WARM_UP_CONTEXT:], cancelled, None)


def continued(lane: Lane, ids: Sequence[int], cancelled: Flag, meter: EnergyMeter | None) -> MeasuredText:
    """Continue a prompt once; rounds are kept, not sent anywhere meanwhile. Raises Cancelled once the flag is set."""
    runtime = RunContext(
        lane.target, lane.drafter, lane.spec.drafter, cancelled=cancelled, round_times=lane.round_times, gate=lane.gate
    )
    method = method_of(lane.spec)
    if method.captured and not drafts_trees(lane.config):
        runtime.prepare(lane.config, ids, gamma=lane.spec.gamma)
    decode = method.decode
    assert decode is not None
    before = None if meter is None else meter.joules()
    try:
        with closing(decode(lane.config, ids, runtime)) as events:
            told, generation = everything(events)
        joules = None if meter is None else meter.since(before)
        n_bytes = _memory_bytes(lane, len(ids) + len(generation.ids))
    finally:
        if lane.drafter is not None:
            lane.drafter.reset()
    rounds = tuple(event for event in told if isinstance(event, RoundFinished))
    decisions = tuple(event for event in told if isinstance(event, PolicyDecided))
    return MeasuredText(generation, rounds, rounds[0].at_s - generation.first_ms / 1e3, joules, n_bytes, decisions)


def _memory_bytes(lane: Lane, n_ids: int) -> int:
    target = lane.target
    cache = kv_bytes(target.model.config, target.dtype, target.runtime, context=n_ids)
    drafting = 0 if lane.drafter is None else lane.drafter.cache_bytes()
    drafting += weights_bytes(lane.drafter)
    return target.n_bytes + cache + drafting + (0 if lane.model is None else lane.model.n_bytes)


def model_hashes(target: str, lanes: Sequence[Lane]) -> tuple[tuple[str, str], ...]:
    """What tells models apart that are called the same: a hash of the target, and of each drafter's model."""
    with_files = (lane for lane in lanes if lane.model is not None or weights_bytes(lane.drafter))
    specs = dict.fromkeys(lane.spec.drafter for lane in with_files)
    drafters = ((f"drafter {spec}", model_hash(model_spec(spec), drafter=True)) for spec in specs)
    return tuple(pair for pair in (("target", model_hash(target)), *drafters) if pair[1])
