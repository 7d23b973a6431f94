"""Predicts what another draft length, a faster drafter or a lenient rule would bring to a recorded run.

* imports neither Qt nor torch."""

from collections.abc import Sequence
from typing import NamedTuple

from engine.experiments.recorded import RecordedRun
from engine.experiments.what_if import acceptance_along, expected_rounds, lenient_alpha
from engine.speed_model import expected_tokens

MOST_GAMMA = 16


class ReplayedTau(NamedTuple):
    """What the replay of a run gives, whatever it costs. alpha: acceptance rate; taus: tokens per round of drafts of
    0, 1, 2, ... tokens."""

    alpha: float
    taus: tuple[float, ...]


class Prediction(NamedTuple):
    """A draft length under the assumptions. speedup: None where no plain decoding was measured."""

    gamma: int
    tau: float
    speedup: float | None


def replayed_tau(run: RecordedRun, lenience: float = 1.0, *, most_gamma: int = MOST_GAMMA) -> ReplayedTau | None:
    """Replay every draft length up to `most_gamma`; None if nothing was tested.

    A lenience below 1 changes the text, so tau then follows from the acceptance rate alone, as if each token were
    accepted independently of the others."""
    gammas = range(most_gamma + 1)
    if lenience < 1:
        alpha = lenient_alpha([each for text in run.texts for each in text], lenience)
        return None if alpha is None else ReplayedTau(alpha, tuple(expected_tokens(alpha, gamma) for gamma in gammas))
    along = [acceptance for text in run.texts if (acceptance := acceptance_along(text))]
    n = sum(map(len, along))
    if not n:
        return None
    taus = [n / sum(expected_rounds(acceptance, gamma) for acceptance in along) for gamma in gammas]
    if run.steady and run.gamma < len(taus):
        taus[run.gamma] = run.tau  # as it was: what happened is not to be expected
    return ReplayedTau(sum(map(sum, along)) / n, tuple(taus))


def predictions(run: RecordedRun, taus: Sequence[float], *, drafter_speed: float = 1.0) -> list[Prediction]:
    """Price the tokens per round of each draft length with a drafter that is `drafter_speed` times as fast."""
    return [Prediction(gamma, tau, run.speedup(tau, gamma, drafter_speed)) for gamma, tau in enumerate(taus)]


def best_gamma(run: RecordedRun) -> int | None:
    """The draft length with which a run would be fastest, 0 for none; None where that cannot be said."""
    replay = replayed_tau(run)
    fastest = None if replay is None else best(predictions(run, replay.taus))
    return None if fastest is None else fastest.gamma


def best(options: Sequence[Prediction]) -> Prediction | None:
    """The draft length with the largest speedup, 0 among them; None where speedups are not known."""
    priced = [option for option in options if option.speedup is not None]
    return max(priced, key=lambda option: option.speedup or 0.0) if priced else None
