"""Measures thresholds of a gate against plain decoding, exact speculation at its best draft length, and lossy rules.

All ways take turns prompt by prompt. Theory stands beside measurement: what the gate's held-out rows and the times of
single steps predict, and what new prompts show."""

import time
from collections.abc import Generator, Iterator, Sequence
from statistics import median
from threading import Event as Flag
from typing import NamedTuple

from msgspec.structs import replace

from engine import statistics
from engine.decoding.generation import Generation, whole
from engine.evaluation.questions import GoldQuestion, is_right
from engine.events import (
    Event,
    PredictedFigures,
    Progressed,
    RoundFinished,
    SettingMeasured,
    SettingsMeasured,
    StepTimes,
    Warned,
)
from engine.experiments.sweep_figures import Answers, QualityMeter, WorkMeter, WrittenText, gate_figures
from engine.experiments.verification_ways import Way, Writer
from engine.methods.sprinter.config import SprinterConfig
from engine.methods.sprinter.run import drafter_of
from engine.runtime import RunContext, warp_of
from engine.sprinter import theory
from engine.sprinter.files import StoredGate, open_gate
from engine.sprinter.gated_drafter import GatedDrafter
from engine.statistics import UnitTime

_PLAIN = Way("plain", 0.0, 0)
_N_ANSWER, _N_WARM_UP = 24, 8


class SweepJob(NamedTuple):
    """What is to be measured. prompts: as ids; questions: prompts as ids with their answers."""

    config: SprinterConfig
    thresholds: tuple[float, ...]
    weights: tuple[float, ...]
    leniences: tuple[float, ...]
    gammas: tuple[int, ...]
    prompts: tuple[tuple[int, ...], ...]
    questions: tuple[tuple[tuple[int, ...], str], ...]
    workload: str


def sweep(job: SweepJob, rt: RunContext, cancelled: Flag) -> Iterator[Event]:
    """Yield progress, the figures of every way, and last the end; a stop keeps the prompts measured so far."""
    started = time.perf_counter()
    stored = open_gate(job.config.gate, rt.target, drafter_of(rt))
    writer = Writer(job.config, rt, stored)
    best = yield from _best_gamma(job, rt, writer, cancelled)
    ways = _ways(job, best)
    texts = yield from _written(job, rt, writer, ways, cancelled)
    n_prompts = min(map(len, texts.values()))
    if not n_prompts:
        yield SettingsMeasured(0, 0, best, job.workload, seconds=time.perf_counter() - started, complete=False)
        return
    answers = yield from _answered(job, rt, writer, ways, cancelled)
    texts = {way: with_references(written[:n_prompts], texts[_PLAIN]) for way, written in texts.items()}
    results = _Results(job, rt, stored, texts)
    notes: list[str] = []
    for way in ways:
        measured = results.measured(way, answers[way])
        notes += assumption_notes(measured)
        yield replace(measured, at_s=rt.elapsed_s())
    units = {f"{way.verification} {way.setting:g}": units_of(written) for way, written in texts.items()}
    cautions = statistics.disturbances(units)
    for caution in cautions:
        yield Warned(caution, "close other programs, and measure again")
    yield SettingsMeasured(
        len(ways), n_prompts, best, job.workload, tuple(notes), tuple(cautions),
        (("gate", stored.name), ("label", "" if stored.card is None else stored.card.label)),
        time.perf_counter() - started, complete=not cancelled.is_set(),
        prompts=tuple(rt.target.texts.text(ids) for ids in job.prompts[:n_prompts]), steps=results.steps,
    )  # fmt: skip


def _ways(job: SweepJob, best: int) -> tuple[Way, ...]:
    block = (Way("block", best, best),) if job.config.temperature else ()
    return (
        _PLAIN, Way("exact", best, best), *block,
        *(Way("sprinter", threshold, job.config.cap) for threshold in dict.fromkeys(job.thresholds)),
        *(Way("ensemble", weight, best) for weight in dict.fromkeys(job.weights)),
        *(Way("lenience", lenience, best) for lenience in dict.fromkeys(job.leniences)),
    )  # fmt: skip


def _best_gamma(job: SweepJob, rt: RunContext, writer: Writer, cancelled: Flag) -> Generator[Event, None, int]:
    """The draft length with which exact speculation is fastest, on half of the prompts, each decoded with all."""
    gammas = tuple(sorted(set(job.gammas)))
    prompts = job.prompts[: max(1, len(job.prompts) // 2)]
    times: dict[int, list[UnitTime]] = {gamma: [] for gamma in gammas}
    for gamma in gammas if len(gammas) > 1 else ():
        whole(writer.write(Way("exact", gamma, gamma), prompts[0], _N_WARM_UP))
    for i, prompt in enumerate(prompts if len(gammas) > 1 else ()):
        for gamma in gammas:
            if cancelled.is_set():
                break
            _, generation = whole(writer.write(Way("exact", gamma, gamma), prompt, _room(job, rt, prompt)))
            times[gamma].append(UnitTime((generation.decode_ms,), len(generation.ids)))
        yield Progressed("tuning", i + 1, len(prompts), "prompts")
    timed = {gamma: statistics.ms_per_token(units) for gamma, units in times.items() if units}
    return min(timed, key=lambda gamma: timed[gamma]) if timed else gammas[0]


def _room(job: SweepJob, rt: RunContext, prompt: Sequence[int]) -> int:
    """How many tokens may follow a prompt."""
    return max(1, min(job.config.max_new_tokens, rt.target.context - len(prompt)))


def _written(
    job: SweepJob, rt: RunContext, writer: Writer, ways: Sequence[Way], cancelled: Flag
) -> Generator[Event, None, dict[Way, list[WrittenText]]]:
    """The texts of all ways, which take turns; each prompt is either written in all of them or in none."""
    texts: dict[Way, list[WrittenText]] = {way: [] for way in ways}
    for way in ways:
        whole(writer.write(way, job.prompts[0][-64:], _N_WARM_UP))
    for i, prompt in enumerate(job.prompts):
        shift = i % len(ways)
        written: dict[Way, WrittenText] = {}
        for way in (*ways[shift:], *ways[:shift]):
            if cancelled.is_set():
                return texts
            n_new = _room(job, rt, prompt)
            written[way] = _as_text(rt, prompt, *whole(writer.write(way, prompt, n_new, stops=job.config.stop_at_end)))
        if job.config.temperature:
            greedy = replace(job.config, temperature=0.0, max_new_tokens=_room(job, rt, prompt))
            _, reference = whole(rt.generate(greedy, prompt, gamma=0))
        else:
            reference = None
        for way, text in written.items():
            texts[way].append(text if reference is None else _with_reference(rt, text, reference.ids))
        yield Progressed("measuring", i + 1, len(job.prompts), "prompts")
    return texts


def _as_text(
    rt: RunContext, prompt: tuple[int, ...], rounds: Sequence[RoundFinished], generation: Generation
) -> WrittenText:
    return WrittenText(
        prompt, generation.ids, rt.target.texts.text(generation.ids), tuple(rounds), generation.decode_ms,
        ended=generation.reason == "end_of_text",
    )  # fmt: skip


def _with_reference(rt: RunContext, text: WrittenText, reference: tuple[int, ...]) -> WrittenText:
    return text._replace(reference=reference, reference_text=rt.target.texts.text(reference))


def with_references(texts: Sequence[WrittenText], plain: Sequence[WrittenText]) -> list[WrittenText]:
    """Texts beside those of plain decoding, where they have no greedy reference of their own."""
    return [
        text if text.reference else text._replace(reference=own.ids, reference_text=own.text)
        for text, own in zip(texts, plain, strict=False)
    ]


def _answered(
    job: SweepJob, rt: RunContext, writer: Writer, ways: Sequence[Way], cancelled: Flag
) -> Generator[Event, None, dict[Way, Answers]]:
    """How each way answers the questions; those after a stop are left out in all of them."""
    right: dict[Way, list[bool]] = {way: [] for way in ways}
    capped: dict[Way, int] = dict.fromkeys(ways, 0)
    for i, (prompt, answer) in enumerate(job.questions):
        if cancelled.is_set():
            break
        gold = GoldQuestion(str(i), "single", "", (answer,))
        for way in ways:
            _, generation = whole(writer.write(way, prompt, _N_ANSWER, stops=True))
            right[way].append(is_right(rt.target.texts.text(generation.ids), gold))
            capped[way] += generation.reason == "length"
        yield Progressed("checking", i + 1, len(job.questions), "questions")
    return {way: Answers(tuple(right[way]), capped[way]) for way in ways}


def units_of(texts: Sequence[WrittenText]) -> list[UnitTime]:
    """The time of each text's decoding."""
    return [UnitTime((text.decode_ms,), len(text.ids)) for text in texts]


class _Results:
    """Computes the figures of each way from all texts. steps: of which predicted times are made."""

    def __init__(self, job: SweepJob, rt: RunContext, stored: StoredGate, texts: dict[Way, list[WrittenText]]) -> None:
        self._job, self._rt, self._stored, self._texts = job, rt, stored, texts
        drafter = drafter_of(rt)
        self._quality = QualityMeter(rt.target, drafter, warp_of(job.config), stored.gate)
        self._work = WorkMeter(rt.target, drafter, stored.gate)
        self._exact = next(way for way in texts if way.verification == "exact")
        self.steps = step_times(texts, self._exact)

    def measured(self, way: Way, answers: Answers) -> SettingMeasured:
        """The figures of one way."""
        texts, plain = self._texts[way], units_of(self._texts[_PLAIN])
        own, exact = units_of(texts), units_of(self._texts[self._exact])
        quality = self._quality.quality(way, texts, answers)
        is_gated = way.verification == "sprinter"
        n_rounds = sum(len(text.rounds) for text in texts)
        return SettingMeasured(
            way.verification,
            way.setting,
            way.gamma,
            len(texts),
            sum(len(text.ids) for text in texts),
            sum(len(text.ids) for text in texts) / max(1, n_rounds),
            statistics.time_estimate(own),
            statistics.speedup(plain, own),
            None if way in (_PLAIN, self._exact) else statistics.speedup(exact, own),
            quality,
            self._work.work(way, texts),
            gate_figures(texts, way.setting, quality.tv) if is_gated else None,
            self._predicted(way) if is_gated else None,
            self._gate_share() if is_gated else None,
            texts[0].text,
            texts[0].ids,
            texts=tuple(text.text for text in texts),
        )

    def _predicted(self, way: Way) -> PredictedFigures | None:
        """What the gate's held-out rows promise; None for a gate that was not trained."""
        card = self._stored.card
        if card is None:
            return None
        return theory.predicted(theory.confusion_at(card.confusions, way.setting), cap=way.gamma, times=self.steps)

    def _gate_share(self) -> float | None:
        """Time of the gate over that of the drafter's step, which it is part of."""
        drafter = GatedDrafter(drafter_of(self._rt), self._rt.target, self._stored.gate, 0.0)
        return drafter.gate_share(self._job.prompts[0][-64:])


def step_times(texts: dict[Way, list[WrittenText]], exact: Way) -> StepTimes | None:
    """Times of single steps: of the drafter and the target from exact speculation, of a single row from plain decoding.

    The rest of a round is part of the target's forward, since every call has it."""
    plain = [event for text in texts[_PLAIN] for event in text.rounds]
    rounds = [event for text in texts[exact] for event in text.rounds if len(event.proposed) == exact.gamma]
    if not plain or not rounds or not exact.gamma:
        return None
    narrow = median(event.verify_ms + event.other_ms for event in plain)
    wide = median(event.verify_ms + event.other_ms for event in rounds)
    draft = median(event.draft_ms for event in rounds) / exact.gamma
    return StepTimes(draft, narrow, max(0.0, (wide - narrow) / exact.gamma))


def assumption_notes(measured: SettingMeasured) -> Iterator[str]:
    """Where a prediction lies outside what was measured, and which of its parts is another on these prompts."""
    gate, told, quality = measured.gate, measured.predicted, measured.quality
    if gate is None or told is None or quality.tv_ci is None:
        return
    if quality.tv_ci.low <= told.tv <= quality.tv_ci.high:
        return
    yield (
        f"threshold {measured.setting:g}: predicted total variation {told.tv:.3f}, measured {quality.tv:.3f} "
        f"({quality.tv_ci.low:.3f} to {quality.tv_ci.high:.3f}). On these prompts α is {gate.alpha:.2f}, not "
        f"{told.alpha:.2f}, and η_FP {gate.eta_fp:.2f}, not {told.eta_fp:.2f}; with the measured values the theorem "
        f"is off by {gate.assumption:+.3f}"
    )
