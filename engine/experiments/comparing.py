"""Measures lanes over the same prompts, one lane at a time, in an order shuffled for each prompt.

Yields the events of a comparison; see `engine.events.comparison`."""

import math
import random
import secrets
import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from statistics import median
from threading import Event as Flag
from typing import NamedTuple

import torch
from msgspec.structs import replace

from engine.decoding.generation import Generation
from engine.errors import DeviceLost, EngineError
from engine.events import (
    PLAIN_LANE,
    ComparedPrompt,
    ComparisonStarted,
    Event,
    GammaPrediction,
    GenerationMeasured,
    LaneRefused,
    LaneSpec,
    Progressed,
    Setting,
)
from engine.experiments.changes import changes
from engine.experiments.comparison_figures import ComparisonSoFar
from engine.experiments.generations import Place, event_of
from engine.experiments.lane_figures import cost_model
from engine.experiments.lane_specs import is_approximate
from engine.experiments.lanes import Lane, MeasuredText, continued, model_hashes, warm_up
from engine.experiments.turns import next_turn
from engine.machine import versions
from engine.machine.energy import EnergyMeter, NotMeasurable
from engine.machine.other_work import CpuShare, OtherWork
from engine.machine.out_of_memory import memory_errors
from engine.models.loading import LoadedModel
from engine.models.prompt_encoding import encode_inside
from engine.prompts import Message
from engine.runs.divergence import first_difference
from engine.runtime import Cancelled

# Tokens whose rounds are kept for replays; a comparison of more keeps counts and texts alone.
MOST_KEPT_TOKENS = 200_000
# Rounds that take this many times as long as they usually do were disturbed: their prompts are measured twice more,
# the worst half of all at most.
DISTURBED, _AGAIN, _MOST_DISTURBED = 1.5, 2, 0.5


class ComparisonJob(NamedTuple):
    """What to compare, with all models in memory. prompts: a tuple of ids for each prompt's first turn, by index.

    refused: why lanes cannot take part. skipped: a line for each prompt that was left out; n_skipped: how many these
    are, also where only the first have a line. predictions: from tuning. conversations: what each prompt's first turn
    begins, empty where it is not asked as chat. prompt_notes: what was changed in the prompts, a line each."""

    target: LoadedModel
    lanes: tuple[Lane, ...]
    refused: tuple[tuple[LaneSpec, LaneRefused], ...]
    prompt_set: str
    prompts: tuple[ComparedPrompt, ...]
    prompt_ids: tuple[tuple[int, ...], ...]
    skipped: tuple[str, ...]
    settings: Mapping[str, Setting]
    repeats: int
    meter: EnergyMeter | NotMeasurable
    predictions: tuple[GammaPrediction, ...] = ()
    n_skipped: int = 0
    conversations: tuple[tuple[Message, ...], ...] = ()
    prompt_notes: tuple[str, ...] = ()

    @property
    def is_chat(self) -> bool:
        """Whether the prompts are asked through the target's chat template."""
        return any(self.conversations)


def compare(job: ComparisonJob, cancelled: Flag) -> Iterator[Event]:
    """Yield the comparison's events; the last holds the figures of all prompts.

    Raises Cancelled soon after the flag is set, after the figures of what was measured by then."""
    job = yield from warmed_up(job, cancelled)
    so_far = ComparisonSoFar(
        job_lanes(job),
        job.prompts,
        tuple(event for _, event in job.refused),
        _workload(job),
        greedy=not job.settings.get("temperature"),
    )
    so_far.energy = str(job.meter)
    so_far.predictions = job.predictions
    yield _started(job)
    for _, refusal in job.refused:
        yield refusal
    measuring = _Measuring(job, cancelled)
    try:
        if len(job.lanes) > 1:
            for event in measuring.events():
                yield event
                if isinstance(event, GenerationMeasured):
                    so_far.take(event)
                    so_far.noticed = measuring.cautions
                elif measuring.between_prompts and so_far.is_due():
                    yield so_far.event(complete=False)
            so_far.changes = yield from _changes(job, so_far, cancelled)
    except Cancelled:
        if so_far.n_measured:
            yield so_far.event(complete=False)
        raise
    yield so_far.event(complete=True)


def warmed_up(job: ComparisonJob, cancelled: Flag) -> Generator[Event, None, ComparisonJob]:
    """Decode a little with every lane; return the job without those that fail, as the others can do without them.

    Raises EngineError where plain decoding fails, Cancelled."""
    able, refused = [], list(job.refused)
    for place, lane in enumerate(job.lanes):
        yield Progressed("checking", place, len(job.lanes), "lanes")
        try:
            with memory_errors("the first rounds", "compare fewer drafters at once, or smaller ones"):
                warm_up(lane, job.prompt_ids[0], cancelled)
            able.append(lane)
        except (Cancelled, DeviceLost):
            raise
        except EngineError as err:
            if lane.spec.name == PLAIN_LANE:
                raise
            refused.append((lane.spec, LaneRefused(lane.spec.name, err.message, err.hint)))
    return job._replace(lanes=tuple(able), refused=tuple(refused))


def _changes(job: ComparisonJob, so_far: ComparisonSoFar, cancelled: Flag) -> Generator[Event, None, tuple[str, ...]]:
    """Yield progress; return what would change the choice, a sentence each."""
    chosen = so_far.recommendation()
    lane = next(lane for lane in job.lanes if lane.spec.name == chosen.lane)
    costs = cost_model(so_far.texts_of(PLAIN_LANE), so_far.texts_of(lane.spec.name))
    sentences: list[str] = []
    for step in changes(lane, job.prompt_ids, costs, cancelled):
        if isinstance(step, str):
            sentences.append(step)
        else:
            yield step
    return tuple(sentences)


def job_lanes(job: ComparisonJob) -> tuple[LaneSpec, ...]:
    """All lanes, those that cannot take part last."""
    return (*(lane.spec for lane in job.lanes), *(spec for spec, _ in job.refused))


class _Measuring:
    """The measurement of a job: which lane goes when, and what is kept.

    between_prompts: whether its newest event follows the last lane of a prompt."""

    def __init__(self, job: ComparisonJob, cancelled: Flag) -> None:
        self._job, self._cancelled = job, cancelled
        self._meter = job.meter if isinstance(job.meter, EnergyMeter) else None
        self._rng = random.Random(int(job.settings.get("seed") or 0))
        self._began = time.perf_counter()
        self._n_kept = 0
        self.between_prompts = False
        n_runs = job.repeats * len(job.lanes) + (job.repeats == 1 and self._may_round_differently)
        self._n_by_prompt = [n_runs * len(prompt.turns) for prompt in job.prompts]
        self._n_texts, self._n_done = sum(self._n_by_prompt), 0
        self._plain_ids: dict[tuple[int, int], tuple[int, ...]] = {}
        self._others: dict[tuple[int, int, tuple[int, ...]], CpuShare] = {}
        self._round_ms: dict[str, dict[tuple[int, int, tuple[int, ...]], list[float]]] = defaultdict(dict)

    def events(self) -> Iterator[Event]:
        """Measure prompt by prompt, and again where something else disturbed the machine."""
        job = self._job
        for index in range(len(job.prompts)):
            yield from self._prompt(index)
            self._n_done = sum(self._n_by_prompt[: index + 1])  # a turn that did not fit was left out
            self.between_prompts = True
            yield self._progress()
            self.between_prompts = False
        disturbed = self._disturbed()
        self._n_texts += _AGAIN * len(disturbed) * len(job.lanes)
        for prompt, turn, ids in disturbed:
            for _ in range(_AGAIN):
                yield from self._once(prompt, turn, ids)

    def _prompt(self, index: int) -> Iterator[Event]:
        """All turns of a prompt; the next turn follows plain decoding's answer, so that all lanes read the same."""
        job, ids = self._job, self._job.prompt_ids[index]
        messages = job.conversations[index] if job.conversations else ()
        for turn in range(len(job.prompts[index].turns)):
            if turn and messages:
                messages, ids = next_turn(
                    job.target, messages, self._plain_ids[index, turn - 1], job.prompts[index].turns[turn]
                )
            elif turn:
                ids = (*ids, *encode_inside(job.target.tokenizer, "\n" + job.prompts[index].turns[turn]))
            if len(ids) >= job.target.context - 1:
                return
            for _ in range(job.repeats):
                yield from self._once(index, turn, ids)
            if job.repeats == 1 and self._may_round_differently:
                yield self._event(*self._continued(job.lanes[0], index, turn, ids))
            ids = (*ids, *self._plain_ids[index, turn])

    def _once(self, index: int, turn: int, ids: tuple[int, ...]) -> Iterator[Event]:
        """Every lane once, in an order of chance."""
        texts = []
        for lane in self._rng.sample(self._job.lanes, len(self._job.lanes)):
            texts.append(self._continued(lane, index, turn, ids))
            self._n_done += 1
            yield self._progress()
        plain = next(text.generation for name, text, _ in texts if name == PLAIN_LANE)
        self._plain_ids.setdefault((index, turn), plain.ids)
        for name, text, place in texts:
            yield self._event(name, text, place, plain)

    def _continued(self, lane: Lane, index: int, turn: int, ids: tuple[int, ...]) -> tuple[str, MeasuredText, Place]:
        watch = OtherWork()
        text = continued(lane, ids, self._cancelled, self._meter)
        self._notice((index, turn, ids), watch.ended())
        round_ms = self._round_ms[lane.spec.name].setdefault((index, turn, ids), [])
        round_ms.append(text.generation.decode_ms / len(text.rounds))
        return lane.spec.name, text, Place(index, turn, len(round_ms) - 1, ids)

    def _notice(self, place: tuple[int, int, tuple[int, ...]], share: CpuShare | None) -> None:
        """Remember that other programs computed meanwhile, if they used what this one needs."""
        if share is None or not share.disturbs(torch.get_num_threads()):
            return
        if place not in self._others or share.others > self._others[place].others:
            self._others[place] = share

    @property
    def cautions(self) -> tuple[str, ...]:
        """What other programs did, in a sentence."""
        if not self._others:
            return ()
        worst = max(self._others.values(), key=lambda share: share.others)
        return (
            f"other programs computed during {len(self._others)} of {len(self._job.prompts)} prompts, on up to "
            f"{worst.others:.1f} of {worst.n_processors} processors",
        )

    def _disturbed(self) -> list[tuple[int, int, tuple[int, ...]]]:
        """The prompts and turns, at most half, on which other programs computed or rounds took too long."""
        excess: dict[tuple[int, int, tuple[int, ...]], float] = defaultdict(float)
        # Rounds of a gate are as long as it lets them be, so that a long one says nothing of the machine.
        steady = [lane.spec.name for lane in self._job.lanes if not is_approximate(lane.spec.method)]
        for lane_ms in (self._round_ms[name] for name in steady):
            usual = median(ms for values in lane_ms.values() for ms in values)
            for place, values in lane_ms.items():
                excess[place] = max(excess[place], max(values) / usual)
        worst = sorted(excess, key=lambda place: -excess[place])[: math.ceil(len(excess) * _MOST_DISTURBED)]
        return sorted(place for place in worst if excess[place] > DISTURBED or place in self._others)

    @property
    def _may_round_differently(self) -> bool:
        """Whether two plain runs could differ: then a second one says how much of a divergence is rounding."""
        target = self._job.target
        return target.device.type != "cpu" or str(target.dtype) != "torch.float32"

    def _event(
        self, name: str, text: MeasuredText, place: Place, plain: Generation | None = None
    ) -> GenerationMeasured:
        keep = place.repeat == 0 and self._n_kept < MOST_KEPT_TOKENS
        self._n_kept += len(text.generation.ids) if keep else 0
        event = event_of(name, text, place, keep_rounds=keep, at_s=self._elapsed_s())
        if plain is None or self._job.settings.get("temperature") or name == PLAIN_LANE:
            return event
        first = first_difference(text.generation.ids, plain.ids)
        margin = None if first is None or first >= len(plain.margins) else math.log(plain.margins[first])
        return replace(event, first_divergence=first, margin=margin)

    def _progress(self) -> Progressed:
        """How many texts are written, of all lanes."""
        return Progressed("measuring", self._n_done, self._n_texts, "texts", self._elapsed_s())

    def _elapsed_s(self) -> float:
        return time.perf_counter() - self._began


def _started(job: ComparisonJob) -> ComparisonStarted:
    target = job.target
    return ComparisonStarted(
        comparison_id=secrets.token_hex(4),
        started_utc=versions.now_utc(),
        target=target.spec,
        lanes=job_lanes(job),
        prompt_set=job.prompt_set,
        prompts=job.prompts,
        settings=(*job.settings.items(), ("repeats", job.repeats)),
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        processor=versions.processor(target.device),
        skipped=job.skipped,
        n_skipped=max(job.n_skipped, len(job.skipped)),
        versions=versions.versions(),
        hashes=model_hashes(job.target.spec, job.lanes),
        note=target.note,
        runtime=target.runtime,
        graphs=target.graphs,
        quantize=target.quantize,
        prompt_notes=job.prompt_notes,
    )


def _workload(job: ComparisonJob) -> str:
    """What was measured, in words."""
    target, n = job.target, len(job.prompts)
    temperature, length = job.settings.get("temperature", 0.0), job.settings.get("max_new_tokens", 128)
    how = "greedy" if not temperature else f"temperature {temperature:g}"
    if job.is_chat:
        how += ", asked as chat"
    lengths = [len(ids) for ids in job.prompt_ids]
    dtype = str(target.dtype).removeprefix("torch.")
    return (
        f"{n} {'prompt' if n == 1 else 'prompts'} of {job.prompt_set}, {min(lengths)} to {max(lengths)} tokens, "
        f"at most {length} new tokens, {how}, one sequence at a time, on {target.device} in {dtype}"
    )
