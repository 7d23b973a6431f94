"""Chooses draft lengths by prediction: from one timing of verifying, and one run at draft length 1.

The best three of each drafter are then confirmed as lanes. Source: the procedure of two timings that command-line
advisors use, with acceptance replayed along the text instead of taken as constant."""

import random
from collections.abc import Generator, Sequence
from statistics import mean
from threading import Event as Flag
from typing import NamedTuple

from engine.events import Event, GammaPrediction, Progressed, RoundFinished
from engine.experiments.comparing import ComparisonJob
from engine.experiments.lane_specs import config_of, with_gamma
from engine.experiments.lanes import Lane, MeasuredText, continued, warm_up
from engine.experiments.step_times import verify_times
from engine.experiments.what_if import acceptance_along, expected_rounds
from engine.speed_model import CostModel

LONGEST = 16
N_CONFIRMED = 3
_N_PROMPTS = 6
_WIDTHS = 1, 2, 3, 5, 9, LONGEST + 1


class DrafterTrial(NamedTuple):
    """A drafter at draft length 1: its rounds of each prompt, and what a round costs."""

    rounds: tuple[tuple[RoundFinished, ...], ...]
    costs: CostModel

    def tau(self, gamma: int) -> float:
        """Tokens per round at another draft length, replayed over the acceptance of these texts."""
        along = [acceptance_along(rounds) for rounds in self.rounds]
        known = [acceptance for acceptance in along if acceptance]
        if not known or not gamma:
            return 1.0
        return sum(map(len, known)) / sum(expected_rounds(acceptance, gamma) for acceptance in known)

    def predicted(self, gamma: int) -> float:
        """Speedup at a draft length; 1 at 0, which is plain decoding."""
        return self.costs.speedup(self.tau(gamma), gamma)


def tuned(
    job: ComparisonJob, cancelled: Flag
) -> Generator[Event, None, tuple[tuple[Lane, ...], tuple[GammaPrediction, ...]]]:
    """Yield progress; return plain decoding with the best draft lengths of every drafter, and all predictions.

    Raises Cancelled once the flag is set: a comparison that is stopped here has measured nothing."""
    plain, drafted = job.lanes[0], _one_a_drafter(job)
    trials = yield from _trials(job, (plain, *drafted), cancelled)
    lanes, predictions = [plain], []
    for lane in drafted:
        trial = trials[lane.spec.name]
        speeds = {gamma: trial.predicted(gamma) for gamma in range(1, LONGEST + 1)}
        predictions += [GammaPrediction(lane.spec.drafter, gamma, speed) for gamma, speed in speeds.items()]
        lanes += [_at(lane, gamma, job) for gamma in best_lengths(speeds)]
    return tuple(lanes), tuple(predictions)


def best_lengths(speeds: dict[int, float]) -> list[int]:
    """The draft lengths to confirm, ascending: the best three, or the best where drafting is to lose."""
    ranked = sorted(speeds, key=lambda gamma: -speeds[gamma])
    return sorted(ranked[: N_CONFIRMED if speeds[ranked[0]] > 1 else 1])


def _one_a_drafter(job: ComparisonJob) -> list[Lane]:
    """A lane at draft length 1 for each drafter, method and settings among the lanes."""
    first = {(lane.spec.drafter, lane.spec.method, lane.spec.settings): lane for lane in job.lanes[1:]}
    return [_at(lane, 1, job) for lane in first.values()]


def _at(lane: Lane, gamma: int, job: ComparisonJob) -> Lane:
    spec = with_gamma(lane.spec, gamma)
    return lane._replace(spec=spec, config=config_of(spec, job.settings))


def _trials(
    job: ComparisonJob, lanes: Sequence[Lane], cancelled: Flag
) -> Generator[Event, None, dict[str, DrafterTrial]]:
    """Run every lane over a few prompts, interleaved, and time verifying."""
    prompts, rng = job.prompt_ids[:_N_PROMPTS], random.Random(0)
    for lane in lanes:
        warm_up(lane, prompts[0], cancelled)
    widths = verify_times(lanes[0], max(prompts, key=len), _WIDTHS, cancelled)
    texts: dict[str, list[MeasuredText]] = {lane.spec.name: [] for lane in lanes}
    for index, ids in enumerate(prompts):
        order = list(lanes)
        rng.shuffle(order)
        for lane in order:
            texts[lane.spec.name].append(continued(lane, ids, cancelled, None))
        yield Progressed("tuning", index + 1, len(prompts), "prompts")
    plain_ms = _ms_per_token(texts[lanes[0].spec.name])
    return {lane.spec.name: _trial(texts[lane.spec.name], plain_ms, widths) for lane in lanes[1:]}


def _trial(texts: Sequence[MeasuredText], plain_ms: float, widths: tuple[tuple[int, float], ...]) -> DrafterTrial:
    """The costs that reproduce what rounds with a draft took at draft length 1."""
    rounds = [event for text in texts for event in text.rounds if event.proposed]
    free = CostModel(plain_ms, 0.0, 0.0, widths)
    draft_ms = mean(event.draft_ms for event in rounds) if rounds else 0.0
    rest = [event.verify_ms + event.other_ms for event in rounds]
    fixed_ms = max(0.0, mean(rest) - free.verify_ms(2)) if rest else 0.0
    return DrafterTrial(tuple(text.rounds for text in texts), CostModel(plain_ms, fixed_ms, draft_ms, widths))


def _ms_per_token(texts: Sequence[MeasuredText]) -> float:
    return sum(text.generation.decode_ms for text in texts) / sum(len(text.generation.ids) for text in texts)
