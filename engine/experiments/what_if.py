"""Replays the recorded acceptance of a run under another draft length or a lenient rule, without a model.

* imports neither Qt nor torch. Which tokens a drafter gets right depends on the text before them and not on where a
round begins, so that the rounds another draft length would have needed for the same text follow from what was
recorded."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt
from typing import NamedTuple

from engine.events import ProposedToken, RoundFinished


class _Position(NamedTuple):
    """What is known of one token of the text. probability: of accepting the drafter's proposal there; accepted: whether
    it was. Both are None for a bonus, where the drafter was not asked."""

    probability: float | None
    accepted: bool | None


class _Persistence(NamedTuple):
    """How often a proposal is accepted where the one before it would have been, and where it would not."""

    after_accepted: float
    after_rejected: float

    def given(self, before: bool | None) -> float:
        """The rate after a known fate; a bonus comes after acceptance."""
        return self.after_rejected if before is False else self.after_accepted


def acceptance_along(rounds: Sequence[RoundFinished]) -> tuple[float, ...]:
    """How probable it is that a draft reaching it is accepted, for each token of the text that the rounds emitted.

    rounds: those of one text, in their order. Tested positions have sum(min(p, q)), which is 0 or 1 in greedy
    decoding. A bonus was not tested: it gets the acceptance rate given the fates before and after it. A round without a
    proposal counts as one that found nothing to propose. Empty if no position was tested."""
    positions = [position for i, each in enumerate(rounds) for position in _positions(each, i + 1 == len(rounds))]
    if not any(_tested(each) for each in rounds):
        return ()
    fates = [position.accepted for position in positions]
    rates = _persistence(fates)
    before, after = [None, *fates[:-1]], [*fates[1:], None]
    return tuple(
        _untested_rate(rates, before[i], after[i]) if position.probability is None else position.probability
        for i, position in enumerate(positions)
    )


def expected_rounds(acceptance: Sequence[float], gamma: int) -> float:
    """Rounds that drafts of gamma tokens need on average for a text with this acceptance along it."""
    return expected_cost(acceptance, [1.0] * (gamma + 1))


def expected_cost(acceptance: Sequence[float], costs: Sequence[float]) -> float:
    """What the rounds over a text with this acceptance along it cost on average.

    costs: of a round by its number of drafted tokens, from 0 to gamma; the last rounds of a text draft fewer. From the
    end of the text backwards: rest[k] is the cost of what follows at a position that a round reaches with k drafted
    tokens left; with none left, the token is its bonus."""
    gamma = len(costs) - 1
    fresh, rest = 0.0, [0.0] * (gamma + 1)
    for n_left, probability in enumerate(reversed(acceptance)):
        if probability >= 1:
            rest.insert(0, fresh)
            rest.pop()
        elif probability <= 0:
            rest = [fresh] * (gamma + 1)
        else:
            missed = (1 - probability) * fresh
            rest = [fresh, *[missed + probability * further for further in rest[:-1]]]
        fresh = costs[min(gamma, n_left)] + rest[gamma]
    return fresh


def expected_tau(acceptance: Sequence[float], gamma: int) -> float:
    """Tokens per round that drafts of gamma tokens would emit on average along a text of at least one token."""
    return len(acceptance) / expected_rounds(acceptance, gamma)


def lenient_alpha(rounds: Sequence[RoundFinished], lenience: float) -> float | None:
    """Acceptance rate if the target were lenient; None if nothing was proposed.

    Sampling accepts with min(1, p / (lenience q)), greedy decoding where p is at least lenience times the largest.
    A lenient rule changes the text, so that only the recorded rounds are replayed: each as far as it would have been
    accepted, untested tokens included. Source: arXiv:2211.17192, appendix A.5."""
    accepted = tested = 0.0
    for each in rounds:
        reached = 1.0
        for probability in _lenient_probabilities(each, lenience):
            tested += reached
            reached *= probability
            accepted += reached
    return accepted / tested if tested else None


def _tested(each: RoundFinished) -> list[ProposedToken]:
    return [token for token in each.proposed if token.tested]


def _positions(each: RoundFinished, final: bool) -> Iterator[_Position]:
    """One entry for each emitted token. final: the last round, whose draft the limit may have left empty."""
    if not each.proposed and not final:
        yield from (_Position(0.0, False) for _ in each.emitted)
        return
    tested = _tested(each)
    for i, _ in enumerate(each.emitted):
        yield _Position(tested[i].overlap, tested[i].fate == "accepted") if i < len(tested) else _Position(None, None)


def _persistence(fates: Sequence[bool | None]) -> _Persistence:
    tested = [fate for fate in fates if fate is not None]
    alpha = sum(tested) / len(tested) if tested else 0.0
    pairs = list(pairwise(fates))
    after_rejected = _share(pairs, before=False, otherwise=alpha)
    if any(before and after is not None for before, after in pairs):
        return _Persistence(_share(pairs, before=True, otherwise=alpha), after_rejected)
    return _Persistence(_bridged(fates, after_rejected, alpha), after_rejected)


def _share(pairs: Sequence[tuple[bool | None, bool | None]], *, before: bool, otherwise: float) -> float:
    afters = [after for first, after in pairs if first is before and after is not None]
    return sum(afters) / len(afters) if afters else otherwise


def _bridged(fates: Sequence[bool | None], b: float, alpha: float) -> float:
    """The rate after acceptance where each accepted token is followed by a bonus, as in drafts of one token.

    Two steps after acceptance a token is accepted with m = a a + (1 - a) b; m and b are observed, and a follows."""
    pairs = [
        (first, third) for first, second, third in zip(fates, fates[1:], fates[2:], strict=False) if second is None
    ]
    m = _share(pairs, before=True, otherwise=alpha)
    return min(1.0, (b + sqrt(max(0.0, b * b - 4 * (b - m)))) / 2)


def _untested_rate(rates: _Persistence, before: bool | None, after: bool | None) -> float:
    """Probability of acceptance at a position that was not tested, by Bayes from what came before and after."""
    prior = rates.given(before)
    if after is None:
        return prior
    if_accepted = rates.after_accepted if after else 1 - rates.after_accepted
    if_rejected = rates.after_rejected if after else 1 - rates.after_rejected
    total = prior * if_accepted + (1 - prior) * if_rejected
    return prior * if_accepted / total if total > 0 else prior


def _lenient_probabilities(each: RoundFinished, lenience: float) -> Iterator[float]:
    """Probability of acceptance of each drafted token up to the first of which too little was recorded."""
    for token in each.proposed:
        if token.fate == "untested" and each.last is None:
            return
        if token.u is not None:
            yield 1.0 if token.p >= lenience * token.q else token.p / (lenience * token.q)
            continue
        largest = _largest_p(each, token)
        if largest is None:
            return
        yield float(token.p >= lenience * largest)


def _largest_p(each: RoundFinished, token: ProposedToken) -> float | None:
    """The target's largest probability at a drafted token of greedy decoding; None where it was not recorded."""
    if token.fate == "accepted":
        return token.p
    if token.fate == "rejected" and each.last is not None:
        return each.last.p
    return token.top_p[0].prob if token.top_p else None
