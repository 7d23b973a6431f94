"""Chooses draft lengths by prediction, from timings of verifying and two short runs of each drafter.

A run at draft length 1 and one at 4 give what a round costs, and acceptance along the text, over which every other
length is replayed. Two timings of the models alone would miss what a round costs besides. The best three lengths of
each drafter are then confirmed as lanes."""

import random
import time
from collections.abc import Generator, Sequence
from threading import Event as Flag
from typing import NamedTuple

from engine.events import Event, GammaPrediction, Progressed, RoundFinished
from engine.experiments.comparing import ComparisonJob
from engine.experiments.lane_specs import config_of, one_a_drafter, with_gamma
from engine.experiments.lanes import Lane, MeasuredText, continued, warm_up
from engine.experiments.step_times import VerifyTimer
from engine.experiments.what_if import acceptance_along, expected_cost
from engine.speed_model import CostModel
from engine.statistics import undisturbed_mean

LONGEST = 16
N_CONFIRMED = 3
TRIED = 1, 4
_MOST_PROMPTS = 20
WIDTHS = tuple(range(1, LONGEST + 2))
# Verifying is timed so often, spread over the prompts: what slows the machine for a while slows both.
N_PASSES = 8
Rounds = Sequence[Sequence[RoundFinished]]


class DrafterTrial(NamedTuple):
    """A drafter as tried: acceptance along its texts, and what a round costs. share: of rounds that have a draft.

    undrafted_ms: a round for which it proposed nothing."""

    acceptance: tuple[tuple[float, ...], ...]
    costs: CostModel
    share: float
    undrafted_ms: float

    def predicted(self, gamma: int) -> float:
        """Speedup at a draft length, replayed over the acceptance of these texts; 1 at 0, which is plain decoding."""
        plain_ms = self.costs.plain_ms
        texts = [along for along in self.acceptance if along]
        if not texts or not gamma:
            return 1.0
        costs = [self.share * self.costs.round_ms(n) + (1 - self.share) * self.undrafted_ms for n in range(gamma + 1)]
        return plain_ms * sum(map(len, texts)) / sum(expected_cost(along, costs) for along in texts)


def tuned(
    job: ComparisonJob, cancelled: Flag
) -> Generator[Event, None, tuple[tuple[Lane, ...], tuple[GammaPrediction, ...]]]:
    """Yield progress; return plain decoding with the best draft lengths of every drafter, and all predictions.

    Raises Cancelled once the flag is set: a comparison that is stopped here has measured nothing."""
    plain, drafted = job.lanes[0], _one_a_drafter(job)
    if not drafted:
        return (plain,), ()
    trials = yield from _trials(job, plain, drafted, cancelled)
    lanes, predictions = [plain], []
    for lane in drafted:
        speeds = {gamma: trials[lane.spec.name].predicted(gamma) for gamma in range(1, LONGEST + 1)}
        predictions += [GammaPrediction(lane.spec.drafter, gamma, speed) for gamma, speed in speeds.items()]
        lanes += [_at(lane, gamma, job) for gamma in best_lengths(speeds)]
    return tuple(lanes), tuple(predictions)


def best_lengths(speeds: dict[int, float]) -> list[int]:
    """The draft lengths to confirm, ascending: the best three, or the best where drafting is to lose."""
    ranked = sorted(speeds, key=lambda gamma: -speeds[gamma])
    return sorted(ranked[: N_CONFIRMED if speeds[ranked[0]] > 1 else 1])


def is_pass_due(index: int, n_prompts: int) -> bool:
    """Whether verifying is to be timed before the prompt of this index: N_PASSES times in all, evenly spread."""
    n_passes = min(N_PASSES, n_prompts)
    return index in {round(i * (n_prompts - 1) / max(1, n_passes - 1)) for i in range(n_passes)}


def trial_of(tried: dict[int, Rounds], plain_ms: float, widths: tuple[tuple[int, float], ...]) -> DrafterTrial:
    """What a drafter's rounds at each tried draft length tell. widths: times of verifying, see CostModel.

    Acceptance is read off the longest drafts, which leave the fewest tokens untested."""
    longest = max(tried)
    rounds = [event for text in tried[longest] for event in text]
    share = sum(bool(event.proposed) for event in rounds[:-1]) / max(1, len(rounds[:-1]))
    along = tuple(acceptance_along(text) for text in tried[longest])
    undrafted = [_ms(event) for texts in tried.values() for text in texts for event in text[:-1] if not event.proposed]
    undrafted_ms = undisturbed_mean(undrafted) if undrafted else plain_ms
    return DrafterTrial(along, _costs(tried, plain_ms, widths), share, undrafted_ms)


def _costs(tried: dict[int, Rounds], plain_ms: float, widths: tuple[tuple[int, float], ...]) -> CostModel:
    """The model that reproduces the rounds with a full draft at every tried length, by a line besides verifying."""
    verify = CostModel(plain_ms, 0.0, 0.0, widths)
    rest: dict[int, float] = {}
    for gamma, texts in tried.items():
        full = [event for text in texts for event in text if len(event.proposed) == gamma]
        if full:
            rest[gamma] = undisturbed_mean([_ms(event) for event in full]) - verify.verify_ms(gamma + 1)
    if not rest:
        return verify
    first, last = min(rest), max(rest)
    slope = (rest[last] - rest[first]) / (last - first) if last > first else rest[first] / first
    return CostModel(plain_ms, rest[first] - slope * first, slope, widths)


def ms_a_round(texts: Rounds) -> float:
    """What a round of these texts usually takes."""
    return undisturbed_mean([_ms(event) for text in texts for event in text])


def _ms(event: RoundFinished) -> float:
    return event.draft_ms + event.verify_ms + event.other_ms


def _one_a_drafter(job: ComparisonJob) -> list[Lane]:
    """A lane for each drafter, method and settings among the lanes."""
    names = {spec.name for spec in one_a_drafter([lane.spec for lane in job.lanes])}
    return [lane for lane in job.lanes if lane.spec.name in names]


def _at(lane: Lane, gamma: int, job: ComparisonJob) -> Lane:
    spec = with_gamma(lane.spec, gamma)
    return lane._replace(spec=spec, config=config_of(spec, job.settings))


def _trials(
    job: ComparisonJob, plain: Lane, drafted: Sequence[Lane], cancelled: Flag
) -> Generator[Event, None, dict[str, DrafterTrial]]:
    """Run every drafter at the tried lengths over some prompts, interleaved with plain decoding; time verifying."""
    prompts, rng = job.prompt_ids[:_MOST_PROMPTS], random.Random(0)
    runs = {(lane.spec.name, gamma): _at(lane, gamma, job) for lane in drafted for gamma in TRIED}
    runs[plain.spec.name, 0] = plain
    n_steps, began, n_done = len(runs) * (1 + len(prompts)), time.perf_counter(), 0
    for lane in runs.values():
        warm_up(lane, prompts[0], cancelled)
        n_done += 1
        yield Progressed("tuning", n_done, n_steps, "steps", time.perf_counter() - began)
    verifying = VerifyTimer(plain, prompts[0], WIDTHS, cancelled)
    texts: dict[tuple[str, int], list[MeasuredText]] = {key: [] for key in runs}
    for index, ids in enumerate(prompts):
        if is_pass_due(index, len(prompts)):
            verifying.once()
        for key in rng.sample(list(runs), len(runs)):
            texts[key].append(continued(runs[key], ids, cancelled, None))
            n_done += 1
            yield Progressed("tuning", n_done, n_steps, "steps", time.perf_counter() - began)
    plain_ms = ms_a_round([text.rounds for text in texts[plain.spec.name, 0]])
    return {
        lane.spec.name: trial_of(
            {gamma: [text.rounds for text in texts[lane.spec.name, gamma]] for gamma in TRIED},
            plain_ms,
            verifying.times(),
        )
        for lane in drafted
    }
