"""Computes the figures of lanes from their generations; pure, so that a saved comparison can be read again.

* imports neither Qt nor torch.

Every time of a lane is estimated in one way (`statistics.ms_per_token`), so that the times and rates that stand side by
side divide to the speedup."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import mean, median
from typing import NamedTuple

from engine import statistics
from engine.events import PLAIN_LANE, CategoryFigures, ComparedPrompt, GenerationMeasured, LaneFigures, LaneSpec
from engine.experiments.generations import FURTHEST_RANK
from engine.experiments.lane_specs import is_approximate, is_tree
from engine.experiments.shapes import shape_of
from engine.settings import policy_of
from engine.speed_model import CostModel, mean_expected_tokens
from engine.statistics import FEWEST_FOR_INTERVAL, Interval, RatioEstimate, RatioSums, UnitTime, running_interval

Texts = Sequence[GenerationMeasured]


class Counts(NamedTuple):
    """What was proposed and became of it, over some generations."""

    n_tokens: int
    n_rounds: int
    n_proposed: int
    accepted: tuple[int, ...]
    tested: tuple[int, ...]

    @property
    def alpha(self) -> float | None:
        """Acceptance rate over tested positions."""
        return sum(self.accepted) / sum(self.tested) if sum(self.tested) else None

    @property
    def tau(self) -> float:
        """Tokens per round."""
        return self.n_tokens / max(1, self.n_rounds)

    @property
    def drafted_share(self) -> float:
        """Share of the rounds with a draft."""
        return self.tested[0] / self.n_rounds if self.tested and self.n_rounds else 0.0

    @property
    def mean_draft(self) -> float:
        """Drafted tokens in a row of a round with a draft; a tree has more, but is no longer than it is deep."""
        if not self.tested or not self.tested[0]:
            return 0.0
        return min(self.n_proposed / self.tested[0], len(self.tested))


def lane_figures(
    lanes: Sequence[LaneSpec], prompts: Sequence[ComparedPrompt], texts: Texts, refusals: Mapping[str, str]
) -> tuple[LaneFigures, ...]:
    """The figures of every lane, in the order of the lanes.

    texts: all generations so far; prompts that not every lane has continued are left out, so that all lanes stand for
    the same work. refusals: why a lane does not take part, by its name."""
    by_lane: dict[str, list[GenerationMeasured]] = defaultdict(list)
    shared = shared_units([lane.name for lane in lanes if lane.name not in refusals], texts)
    for text in texts:
        if (text.prompt, text.turn) in shared:
            by_lane[text.lane].append(text)
    plain = by_lane[PLAIN_LANE]
    return tuple(
        LaneFigures(lane.name, lane.drafter, lane.gamma, lane.method, 0, 0, why_not=refusals.get(lane.name, ""))
        if not by_lane[lane.name]
        else _figures(lane, by_lane[lane.name], plain, prompts)
        for lane in lanes
    )


def unit_times(texts: Texts) -> dict[tuple[int, int], UnitTime]:
    """Decoding times of a lane by prompt and turn, with all repeats of each."""
    ms: dict[tuple[int, int], list[float]] = defaultdict(list)
    n_tokens: dict[tuple[int, int], int] = {}
    for text in texts:
        unit = text.prompt, text.turn
        ms[unit].append(text.decode_ms * n_tokens.setdefault(unit, len(text.ids)) / max(1, len(text.ids)))
    return {unit: UnitTime(tuple(times), n_tokens[unit]) for unit, times in sorted(ms.items())}


def speedup(plain: Texts, other: Texts) -> RatioEstimate:
    """Speedup of a lane over plain decoding of the same prompts; the turns of a prompt are one unit."""
    return statistics.speedup(_prompt_times(plain), _prompt_times(other))


def cost_model(plain: Texts, other: Texts) -> CostModel | None:
    """What a round of a lane costs, from its own steps and those of plain decoding; None where no draft was full.

    Medians over texts: a single disturbed one moves none of them."""
    plain_steps = [text.target_step_ms for text in plain if text.target_step_ms is not None]
    steps = [text.target_step_ms for text in other if text.target_step_ms is not None]
    drafted = [text for text in other if text.n_proposed]
    if not plain_steps or not steps or not drafted:
        return None
    width = 1 + max(len(text.tested_by_position) for text in drafted)
    rest_ms = median((text.decode_ms - text.draft_ms - text.verify_ms) / text.n_rounds for text in drafted)
    return CostModel(
        plain_ms=statistics.ms_per_token(_prompt_times(plain)),
        fixed_ms=max(0.0, rest_ms),
        draft_ms=median(_drafter_step_ms(text) for text in drafted),
        widths=((1, median(plain_steps)), (width, median(steps))),
    )


def _drafter_step_ms(text: GenerationMeasured) -> float:
    """The time of a drafter's step, which proposes one token of a chain, and all nodes of a depth of a tree."""
    return text.draft_ms / text.n_proposed if text.draft_step_ms is None else text.draft_step_ms


def predicted_speedup(costs: CostModel, counts: Counts) -> float | None:
    """What acceptance rate and step times predict, for drafts as long as they were; None where nothing was tested."""
    if counts.alpha is None:
        return None
    share, length = counts.drafted_share, counts.mean_draft
    return costs.speedup(mean_expected_tokens(counts.alpha, length, share), length, share)


def counts_of(texts: Texts) -> Counts:
    """Count over generations; only the first repeat of each counts, since another one brings no new tokens."""
    first = [text for text in texts if text.repeat == 0]
    return Counts(
        sum(len(text.ids) for text in first),
        sum(text.n_rounds for text in first),
        sum(text.n_proposed for text in first),
        _summed([text.accepted_by_position for text in first]),
        _summed([text.tested_by_position for text in first]),
    )


def alpha_interval(texts: Texts) -> Interval | None:
    """95 % interval of the acceptance rate: over prompts from ten on, over rounds below."""
    first = [text for text in texts if text.repeat == 0]
    sums = RatioSums()
    by_prompt: dict[int, list[GenerationMeasured]] = defaultdict(list)
    for text in first:
        by_prompt[text.prompt].append(text)
    if len(by_prompt) >= FEWEST_FOR_INTERVAL:
        for own in map(counts_of, by_prompt.values()):
            sums = sums.plus(sum(own.accepted), sum(own.tested))
        return running_interval(sums)
    for text in first:
        for accepted, tested, n in _rounds_of(text):
            for _ in range(n):
                sums = sums.plus(accepted, tested)
    return running_interval(sums)


def _figures(lane: LaneSpec, texts: Texts, plain: Texts, prompts: Sequence[ComparedPrompt]) -> LaneFigures:
    counts, ms = counts_of(texts), statistics.ms_per_token(_prompt_times(texts))
    # A gate decides which tokens are tested, so that their share that is accepted is no acceptance rate, and what was
    # kept untested has none. Its rounds, like those of a policy, have no one draft length whose steps could be compared
    # with those of plain decoding.
    gated = is_approximate(lane.method)
    costs = cost_model(plain, texts) if lane.gamma and not gated and not policy_of(dict(lane.settings)) else None
    positions = () if gated else tuple(zip(counts.accepted, counts.tested, strict=True))
    shape, shape_at = shape_of(positions)
    differing = [text for text in texts if text.first_divergence is not None]
    joules = [text.joules for text in texts]
    first = [text for text in texts if text.repeat == 0]
    n_later = sum(len(text.ids) - text.n_first for text in first)
    return LaneFigures(
        lane=lane.name,
        drafter=lane.drafter,
        gamma=lane.gamma,
        method=lane.method,
        policy=policy_of(dict(lane.settings)),
        n_prompts=len({text.prompt for text in texts}),
        n_tokens=counts.n_tokens,
        alpha=None if gated else counts.alpha,
        alpha_ci=alpha_interval(texts) if lane.gamma and not gated else None,
        tau=counts.tau,
        efficiency=sum(counts.accepted) / counts.n_proposed if counts.n_proposed and not gated else None,
        c=None if costs is None else costs.c,
        verify_per_token=None if costs is None else costs.verify_per_token,
        ms_per_token=ms,
        tokens_per_s=1e3 / ms,
        prefill_ms=mean(_typical_ms(texts, lambda text: text.prefill_ms)),
        ttft_ms=mean(_typical_ms(texts, lambda text: text.prefill_ms + text.first_ms)),
        tpot_ms=sum(_typical_ms(texts, lambda text: text.decode_ms - text.first_ms)) / n_later if n_later else None,
        speedup=speedup(plain, texts),
        predicted_speedup=None if costs is None else predicted_speedup(costs, counts),
        break_even_alpha=None if costs is None or is_tree(lane) else costs.break_even_alpha(lane.gamma),
        memory_bytes=max(text.memory_bytes for text in texts),
        joules_per_token=_per_token(joules, texts),
        same_text=None,
        n_differing=len({text.prompt for text in differing}),
        first_divergence=differing[0].first_divergence if differing else None,
        margin=differing[0].margin if differing else None,
        positions=positions,
        shape=shape,
        shape_at=shape_at,
        ranks=() if gated else _ranks(first),
        categories=_categories(texts, plain, prompts, gated=gated),
    )


def _typical_ms(texts: Texts, ms: Callable[[GenerationMeasured], float]) -> list[float]:
    """A time of each prompt and turn, the median over its repeats."""
    repeats: dict[tuple[int, int], list[float]] = defaultdict(list)
    for text in texts:
        repeats[text.prompt, text.turn].append(ms(text))
    return [median(values) for values in repeats.values()]


def _prompt_times(texts: Texts) -> list[UnitTime]:
    """One unit a prompt, its turns together, with as many repeats as each turn has."""
    turns: dict[int, list[UnitTime]] = defaultdict(list)
    for (prompt, _), unit in unit_times(texts).items():
        turns[prompt].append(unit)
    return [
        UnitTime(tuple(map(sum, zip(*(unit.ms for unit in units), strict=False))), sum(unit.n_tokens for unit in units))
        for _, units in sorted(turns.items())
    ]


def shared_units(names: Sequence[str], texts: Texts) -> set[tuple[int, int]]:
    """The prompts and turns that every lane has continued."""
    lanes: dict[tuple[int, int], set[str]] = defaultdict(set)
    for text in texts:
        lanes[text.prompt, text.turn].add(text.lane)
    return {unit for unit, there in lanes.items() if there.issuperset(names)}


def _categories(
    texts: Texts, plain: Texts, prompts: Sequence[ComparedPrompt], *, gated: bool
) -> tuple[CategoryFigures, ...]:
    names = list(dict.fromkeys(prompts[text.prompt].category for text in texts))
    if len(names) < 2:
        return ()
    figures = []
    for name in names:
        own = [text for text in texts if prompts[text.prompt].category == name]
        base = [text for text in plain if prompts[text.prompt].category == name]
        counts, ms = counts_of(own), statistics.ms_per_token(_prompt_times(own))
        n_prompts = len({text.prompt for text in own})
        alpha = None if gated else counts.alpha
        figures.append(CategoryFigures(name, n_prompts, alpha, counts.tau, 1e3 / ms, speedup(base, own)))
    return tuple(figures)


def _ranks(texts: Texts) -> tuple[int, ...]:
    """How often what the target wanted was second, third, ... of the drafter's list; last: further down."""
    counter = Counter(min(rank, FURTHEST_RANK) for text in texts for rank in text.rejected_ranks)
    return tuple(counter[rank] for rank in range(1, FURTHEST_RANK + 1)) if counter else ()


def _per_token(joules: Sequence[float | None], texts: Texts) -> float | None:
    """Energy of all generations over their tokens, None where any was not measured."""
    measured = [value for value in joules if value is not None]
    return sum(measured) / sum(len(text.ids) for text in texts) if len(measured) == len(texts) else None


def _summed(rows: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    most = max(map(len, rows), default=0)
    return tuple(sum(row[i] for row in rows if i < len(row)) for i in range(most))


def _rounds_of(text: GenerationMeasured) -> list[tuple[int, int, int]]:
    """Rounds of a generation that tested something, by their outcome: accepted, tested, how many."""
    accepted, tested = (*text.accepted_by_position, 0), (*text.tested_by_position, 0)
    rejected = [(i, i + 1, tested[i] - accepted[i]) for i in range(len(accepted) - 1)]
    whole = [(i + 1, i + 1, accepted[i] - tested[i + 1]) for i in range(len(accepted) - 1)]
    return [row for row in (*rejected, *whole) if row[2]]
