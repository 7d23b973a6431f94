"""Simulates how often each interval that the program prints holds the true value.

* imports neither Qt nor torch. Every case draws measurements whose true value is known, asks the estimator for its
interval, and counts. Nominal is 95 %; a sample of 2,000 tells it within one percent."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine import statistics
from engine.statistics import Interval, RatioSums, UnitTime

NOMINAL = 0.95
# An interval that holds less often is not to be printed.
LEAST = 0.92
_SPEEDUP = 2.0
_PLAIN_MS = 10.0
_TYPICAL_TOKENS = 90
_GAMMA = 4
_ROUNDS_OF_A_PROMPT = 30
Draw: TypeAlias = Callable[[np.random.Generator], Interval | None]


class CoverageCase(NamedTuple):
    """What is estimated from how many units of what kind, the true value, and how to draw one interval."""

    figure: str
    case: str
    n: int
    truth: float
    draw: Draw


class CoverageRow(msgspec.Struct, frozen=True):
    """How often the interval of a case held the true value, and the mean of its width."""

    figure: str
    case: str
    n: int
    nominal: float
    covered: float
    width: float
    n_simulated: int


def simulated(cases: Sequence[CoverageCase], n: int, seed: int = 0) -> Iterator[CoverageRow]:
    """The rows of the cases, each over n samples from a generator of its own."""
    for number, case in enumerate(cases):
        rng = np.random.default_rng((seed, number))
        intervals = [case.draw(rng) for _ in range(n)]
        drawn = np.array([interval for interval in intervals if interval is not None])
        held = (drawn[:, 0] <= case.truth) & (case.truth <= drawn[:, 1])
        width = float((drawn[:, 1] - drawn[:, 0]).mean())
        yield CoverageRow(case.figure, case.case, case.n, NOMINAL, float(held.mean()), width, len(drawn))


def cases() -> tuple[CoverageCase, ...]:
    """Every estimator that prints an interval, in cases that are hard for it."""
    return (*_over_prompts(), *_over_repeats(), *_acceptance(), *_others())


def _over_prompts() -> Iterator[CoverageCase]:
    for n in (10, 20, 25, 40):
        for spread in (0.1, 0.3, 0.6):
            words = f"prompts of uneven length, speeds vary by {spread:.0%}"
            yield CoverageCase("speedup", words, n, _SPEEDUP, partial(_speedup_over_prompts, n, spread, 0.0))
    correlation, spread = 0.3, 0.3
    truth = _SPEEDUP / float(np.exp(correlation * 0.6 * _sigma(spread)))
    for n in (10, 40):
        draw = partial(_speedup_over_prompts, n, spread, correlation)
        yield CoverageCase("speedup", "prompts of uneven length, the longer the slower", n, truth, draw)
    for n in (10, 40):
        truth = _PLAIN_MS / _SPEEDUP
        yield CoverageCase("time per token", "prompts of uneven length", n, truth, partial(_time_over_prompts, n, 0.3))


def _over_repeats() -> Iterator[CoverageCase]:
    for n in (10, 15, 30):
        for spikes in (0.0, 0.15):
            words = "repeats of one prompt, one in seven disturbed" if spikes else "repeats of one prompt"
            yield CoverageCase("speedup", words, n, _SPEEDUP, partial(_speedup_over_repeats, n, spikes))
    for n in (10, 20, 40):
        truth = float(np.log(2))
        yield CoverageCase("median", "values with a long tail", n, truth, partial(_median, n))


def _acceptance() -> Iterator[CoverageCase]:
    for n in (10, 15, 40, 200):
        for alpha in (0.4, 0.7, 0.9):
            truth = _tested_alpha(alpha, 0.15)
            words = f"rounds of one prompt whose acceptance varies around {alpha}"
            yield CoverageCase("alpha", words, n, truth, partial(_alpha_over_rounds, n, alpha, 0.15))
    for n in (10, 20, 40):
        for alpha in (0.5, 0.8):
            truth = _tested_alpha(alpha, 0.12)
            words = f"prompts whose acceptance varies around {alpha}"
            yield CoverageCase("alpha", words, n, truth, partial(_alpha_over_prompts, n, alpha, 0.12))
    for n in (10, 20, 40):
        yield CoverageCase(
            "difference of alpha", "held-out texts of uneven length", n, 0.05, partial(_gain_of_texts, n)
        )


def _others() -> Iterator[CoverageCase]:
    for n in (10, 20, 100):
        for share in (0.3, 0.5, 0.8, 0.9):
            yield CoverageCase("share", f"questions, {share:.0%} right", n, share, partial(_share, n, share))
    for n in (10, 20, 100):
        draw = partial(_difference_of_shares, n, 0.25, 0.1)
        yield CoverageCase("difference of shares", "questions, 25 % won and 10 % lost", n, 0.15, draw)
        draw = partial(_difference_of_chances, n)
        yield CoverageCase("difference of shares", "questions whose chances differ", n, 0.0, draw)


def _sigma(spread: float) -> float:
    """The standard deviation of the logarithm of a quantity that varies by `spread` around its mean."""
    return float(np.sqrt(np.log1p(spread**2)))


def _around(rng: np.random.Generator, n: int, spread: float) -> NDArray[np.float64]:
    """Factors with mean 1 that vary by `spread`."""
    sigma = _sigma(spread)
    return np.exp(sigma * rng.normal(size=n) - sigma**2 / 2)


def _speedup_over_prompts(n: int, spread: float, correlation: float, rng: np.random.Generator) -> Interval | None:
    lengths = rng.normal(size=n)
    tokens = np.maximum(1, np.round(_TYPICAL_TOKENS * np.exp(0.6 * lengths)))
    sigma = _sigma(spread)
    deviations = correlation * lengths + np.sqrt(1 - correlation**2) * rng.normal(size=n)
    factors = np.exp(sigma * deviations - sigma**2 / 2)
    plain = _PLAIN_MS * tokens * _around(rng, n, 0.03)
    other = _PLAIN_MS / _SPEEDUP * tokens * factors * _around(rng, n, 0.03)
    return statistics.speedup(_units(plain, tokens), _units(other, tokens)).ci


def _time_over_prompts(n: int, spread: float, rng: np.random.Generator) -> Interval | None:
    tokens = np.maximum(1, np.round(_TYPICAL_TOKENS * np.exp(0.6 * rng.normal(size=n))))
    return statistics.time_estimate(_units(_PLAIN_MS / _SPEEDUP * tokens * _around(rng, n, spread), tokens)).ci


def _units(ms: NDArray[np.float64], tokens: NDArray[np.float64]) -> list[UnitTime]:
    return [UnitTime((float(time),), int(n_tokens)) for time, n_tokens in zip(ms, tokens, strict=True)]


def _speedup_over_repeats(n: int, spikes: float, rng: np.random.Generator) -> Interval | None:
    """Both lanes are disturbed alike, so that the ratio of their medians stays what it is."""
    lanes = []
    for ms in (_PLAIN_MS, _PLAIN_MS / _SPEEDUP):
        disturbed = 1 + (rng.random(n) < spikes) * rng.exponential(size=n)
        lanes.append(UnitTime(tuple(ms * np.exp(rng.normal(0, 0.05, n)) * disturbed), 1))
    return statistics.speedup([lanes[0]], [lanes[1]]).ci


def _median(n: int, rng: np.random.Generator) -> Interval | None:
    return statistics.median_interval(rng.exponential(size=n).tolist())


def _tested_alpha(alpha: float, spread: float) -> float:
    """Accepted over tested tokens of many rounds whose acceptance rate has a beta distribution, from its moments."""
    a, b = _beta(alpha, spread)
    moments = np.cumprod([1.0, *((a + i) / (a + b + i) for i in range(_GAMMA))])
    return float(moments[1:].sum() / moments[:-1].sum())


def _beta(alpha: float, spread: float) -> tuple[float, float]:
    size = alpha * (1 - alpha) / spread**2 - 1
    return alpha * size, (1 - alpha) * size


def _rounds(rng: np.random.Generator, alphas: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Accepted and tested tokens of rounds with these acceptance rates."""
    kept = np.cumprod(rng.random((len(alphas), _GAMMA)) < alphas[:, None], axis=1)
    accepted = kept.sum(1)
    return accepted, np.minimum(accepted + 1, _GAMMA)


def _alpha_over_rounds(n: int, alpha: float, spread: float, rng: np.random.Generator) -> Interval | None:
    accepted, tested = _rounds(rng, rng.beta(*_beta(alpha, spread), size=n))
    sums = RatioSums()
    for a, t in zip(accepted.tolist(), tested.tolist(), strict=True):
        sums = sums.plus(a, t)
    return statistics.running_interval(sums)


def _alpha_over_prompts(n: int, alpha: float, spread: float, rng: np.random.Generator) -> Interval | None:
    n_rounds = rng.integers(_ROUNDS_OF_A_PROMPT // 2, 2 * _ROUNDS_OF_A_PROMPT, size=n)
    prompt = np.repeat(np.arange(n), n_rounds)
    accepted, tested = _rounds(rng, rng.beta(*_beta(alpha, spread), size=n)[prompt])
    totals = (np.bincount(prompt, weights=counts).astype(int).tolist() for counts in (accepted, tested))
    return statistics.cluster_interval(*totals)


def _gain_of_texts(n: int, rng: np.random.Generator) -> Interval | None:
    counted = rng.integers(16, 65, size=n)
    gains = rng.binomial(counted, 0.7) - rng.binomial(counted, 0.65) + np.round(counted * rng.normal(0, 0.08, n))
    return statistics.ratio_interval(gains.tolist(), counted.tolist())


def _share(n: int, share: float, rng: np.random.Generator) -> Interval | None:
    return statistics.wilson_interval(float(rng.binomial(n, share)) / n, n)


def _difference_of_shares(n: int, won: float, lost: float, rng: np.random.Generator) -> Interval | None:
    drawn = rng.random(n)
    return statistics.gain_interval([1.0 if x < won else -1.0 if x > 1 - lost else 0.0 for x in drawn.tolist()])


def _difference_of_chances(n: int, rng: np.random.Generator) -> Interval | None:
    return statistics.gain_interval((rng.beta(2, 1, n) - rng.beta(2, 1, n)).tolist())


def table(rows: Sequence[CoverageRow]) -> Sequence[tuple[str, ...]]:
    """The rows as a short table, header first."""
    head = ("figure", "over", "n", "nominal", "covered", "mean width", "")
    return [head, *map(_line, rows)]


def _line(row: CoverageRow) -> tuple[str, ...]:
    short = "" if row.covered >= LEAST else "too seldom"
    return (
        row.figure, row.case, str(row.n), f"{row.nominal:.0%}", f"{row.covered:.1%}", f"{row.width:.3g}", short,
    )  # fmt: skip
