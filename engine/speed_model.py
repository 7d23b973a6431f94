"""Formulas of acceptance and speed; pure functions.

* imports neither Qt nor torch.

alpha: acceptance rate; gamma: draft length; c: drafter step / target step; tau: tokens per round."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

MAX_GAMMA = 64
# Closer to 1 the closed form of the sum loses its digits.
_NEARLY_ONE = 1e-9


def expected_tokens(alpha: float, gamma: float) -> float:
    """Tokens that a round emits on average, correction or bonus included. Source: arXiv:2211.17192, equation 1."""
    if 1 - alpha < _NEARLY_ONE:
        return float(gamma + 1)
    return float((1 - alpha ** (gamma + 1)) / (1 - alpha))


def mean_expected_tokens(alpha: float, gamma: float, share: float) -> float:
    """Tokens that a round emits on average where only a share of the rounds has a draft, all of one length."""
    return share * expected_tokens(alpha, gamma) + 1 - share


def expected_over(alpha: float, lengths: Sequence[int], n_rounds: int) -> float:
    """Tokens that a round emits on average. lengths: rounds that drafted one token, two, and so on; of n_rounds those
    that are left drafted none and emit one token each."""
    drafted = sum(n * expected_tokens(alpha, length) for length, n in enumerate(lengths, start=1) if n)
    return (drafted + n_rounds - sum(lengths)) / n_rounds


def predicted_speedup(alpha: float, gamma: int, c: float, *, verify_ratio: float = 1.0) -> float:
    """Time per token of plain decoding over that of speculative decoding.

    verify_ratio: t(gamma + 1) / t(1), the measured cost of a wider target forward; the paper takes it as 1.
    Source: arXiv:2211.17192, theorem 3.8."""
    return expected_tokens(alpha, gamma) / (gamma * c + verify_ratio)


def operation_factor(alpha: float, gamma: int, c_hat: float) -> float:
    """Growth of arithmetic; c_hat: drafter / target operations per token. Source: arXiv:2211.17192, theorem 3.11."""
    return (gamma * c_hat + gamma + 1) / expected_tokens(alpha, gamma)


class CostModel(NamedTuple):
    """What a round costs, measured: fixed + gamma * draft + verify(gamma + 1), in milliseconds.

    plain_ms: a token of plain decoding, all included. widths: pairs of a number of tokens and the time of a target
    forward over them, by ascending number; verifying interpolates between them."""

    plain_ms: float
    fixed_ms: float
    draft_ms: float
    widths: tuple[tuple[float, float], ...]

    @property
    def c(self) -> float:
        """Cost coefficient: a drafter step in target steps."""
        return self.draft_ms / self.plain_ms

    @property
    def verify_per_token(self) -> float:
        """The cost of one more token to verify, in target steps: between the narrowest and the widest measured.

        Never below 0: one that was measured so is lost in the noise."""
        (narrow, least_ms), (wide, most_ms) = self.widths[0], self.widths[-1]
        return max(0.0, most_ms - least_ms) / (wide - narrow) / self.plain_ms if wide > narrow else 0.0

    def verify_ms(self, width: float) -> float:
        """A target forward over `width` tokens; beyond the measured widths the last slope continues."""
        known = self.widths
        if len(known) == 1:
            return known[0][1]
        after = next((i for i, (other, _) in enumerate(known) if i and other >= width), len(known) - 1)
        (left, left_ms), (right, right_ms) = known[after - 1], known[after]
        return left_ms + (right_ms - left_ms) * (width - left) / (right - left)

    def round_ms(self, gamma: float) -> float:
        """A round that drafts gamma tokens; gamma 0 is a step of plain decoding."""
        if gamma == 0:
            return self.plain_ms
        return self.fixed_ms + gamma * self.draft_ms + self.verify_ms(gamma + 1)

    def speedup(self, tau: float, gamma: float, share: float = 1.0) -> float:
        """Speedup over plain decoding of rounds that emit tau tokens.

        share: of the rounds that draft; where a drafter proposes nothing, a round is a step of plain decoding."""
        return tau * self.plain_ms / (share * self.round_ms(gamma) + (1 - share) * self.plain_ms)

    def break_even_alpha(self, gamma: int) -> float | None:
        """The acceptance rate at which drafting gamma tokens costs what plain decoding does; None if even 1 is less."""
        return break_even_alpha(gamma, 0.0, verify_ratio=self.round_ms(gamma) / self.plain_ms)

    def best_gamma(self, tau: Callable[[int], float]) -> int:
        """The draft length with the largest speedup, 0 where drafting never pays. tau: expected tokens per round."""
        return max(range(MAX_GAMMA + 1), key=lambda gamma: self.speedup(tau(gamma), gamma))


def best_gamma(alpha: float, c: float, verify_per_token: float) -> int:
    """The draft length with the largest predicted speedup, 0 if drafting never pays.

    verify_per_token: the cost of one more token to verify, in target steps; noise alone makes it negative."""
    model = CostModel(1.0, 0.0, c, ((1, 1.0), (2, 1.0 + max(0.0, verify_per_token))))
    return model.best_gamma(lambda gamma: expected_tokens(alpha, gamma))


def break_even_alpha(gamma: int, c: float, *, verify_ratio: float = 1.0) -> float | None:
    """The acceptance rate at which speculative and plain decoding cost the same; None if even 1 is too low."""
    if predicted_speedup(1.0, gamma, c, verify_ratio=verify_ratio) < 1.0:
        return None
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        pays = predicted_speedup(middle, gamma, c, verify_ratio=verify_ratio) >= 1.0
        low, high = (low, middle) if pays else (middle, high)
    return high
