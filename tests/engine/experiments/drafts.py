"""Rounds of a simulated drafter: over a text of known fates, and over random distributions."""

from collections.abc import Sequence
from random import Random
from typing import Literal, NamedTuple

import numpy as np
from msgspec.structs import replace

from engine.events import Fate, LastToken, ProposedToken, RoundFinished


def proposed(fate: Fate, *, overlap: float, p: float = 0.5, q: float = 0.5, u: float | None = None) -> ProposedToken:
    """A drafted token."""
    return ProposedToken(7, " a", p, q, min(1.0, p / q), u, fate, overlap, 0)


def round_of(tokens: Sequence[ProposedToken], *, last: bool = True, last_p: float = 0.6) -> RoundFinished:
    """A round with these drafted tokens."""
    n_accepted = sum(token.fate == "accepted" for token in tokens)
    kind: Literal["correction", "bonus"] = "bonus" if n_accepted == len(tokens) else "correction"
    ending = LastToken(8, " b", kind, last_p) if last else None
    return RoundFinished(0, tuple(tokens), ending, (7,) * n_accepted + (8,) * last, 1.0, 5.0, 0.5, text=" a")


def greedy_rounds(hits: Sequence[bool], gamma: int) -> list[RoundFinished]:
    """What a greedy drafter does whose proposal is right at these positions of the text."""
    rounds, at = [], 0
    while at < len(hits):
        n = min(gamma, len(hits) - at - 1)
        n_accepted = next((j for j in range(n) if not hits[at + j]), n)
        fates: list[Fate] = ["accepted"] * n_accepted + ["rejected"] * (n_accepted < n)
        fates += ["untested"] * (n - len(fates))
        rounds.append(round_of([proposed(fate, overlap=float(fate == "accepted")) for fate in fates]))
        at += n_accepted + 1
    return rounds


def hits(alpha: float, seed: int, length: int = 120) -> list[bool]:
    """Where a drafter is right in a text: more often after it was right, as drafters are."""
    rng, right, text = Random(seed), True, []
    for _ in range(length):
        right = rng.random() < (alpha + 0.3 * (1 - alpha) if right else alpha - 0.3 * alpha)
        text.append(right)
    return text


class SimulatedPair(NamedTuple):
    """What the rounds of a greedy pair cost. draft_ms, token_ms: of a drafter step, and of one more token to verify."""

    draft_ms: float
    token_ms: float
    plain_ms: float = 10.0
    fixed_ms: float = 0.4

    @property
    def widths(self) -> tuple[tuple[int, float], ...]:
        """Times of verifying, as measured at some widths."""
        return tuple((n, self.plain_ms - self.fixed_ms + self.token_ms * (n - 1)) for n in (1, 2, 3, 5, 9, 17))

    def rounds(self, text: Sequence[bool], gamma: int) -> list[RoundFinished]:
        """The rounds over a text where the drafter is right at these positions, each as long as the costs say."""
        return [
            replace(
                event,
                draft_ms=self.draft_ms * len(event.proposed),
                verify_ms=self.plain_ms - self.fixed_ms + self.token_ms * len(event.proposed),
                other_ms=self.fixed_ms,
            )
            for event in greedy_rounds(text, gamma)
        ]

    def speedup(self, texts: Sequence[Sequence[bool]], gamma: int) -> float:
        """What an exhaustive sweep would measure."""
        rounds = [event for text in texts for event in self.rounds(text, gamma)]
        total_ms = sum(event.draft_ms + event.verify_ms + event.other_ms for event in rounds)
        return self.plain_ms * sum(map(len, texts)) / total_ms


class SampledPair:
    """A target and a drafter over a few tokens, whose distributions depend on the last token."""

    def __init__(self, noise: float, *, n_vocabulary: int = 10, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        logits = 2 * rng.normal(size=(n_vocabulary, n_vocabulary))
        others = logits + noise * rng.normal(size=logits.shape)
        self.p, self.q = (np.exp(x) / np.exp(x).sum(1, keepdims=True) for x in (logits, others))

    def rounds(self, n_tokens: int, gamma: int, *, seed: int, lenience: float = 1.0) -> list[RoundFinished]:
        """Rounds that emit at least so many tokens."""
        rng, context, rounds, n_done = np.random.default_rng(seed), 0, [], 0
        while n_done < n_tokens:
            done, context = self._round(context, gamma, rng, lenience)
            rounds.append(done)
            n_done += len(done.emitted)
        return rounds

    def _round(self, context: int, gamma: int, rng: np.random.Generator, lenience: float) -> tuple[RoundFinished, int]:
        """A round after this token, and the token it ends with."""
        tokens, before, rejected_at = [], context, None
        for i in range(gamma):
            p, q = self.p[before], self.q[before]
            x, u = int(rng.choice(len(q), p=q)), float(rng.random())
            hit = u * lenience * q[x] < p[x]
            fate: Fate = "untested" if rejected_at is not None else "accepted" if hit else "rejected"
            overlap = float(np.minimum(p, q).sum())
            tokens.append(proposed(fate, overlap=overlap, p=float(p[x]), q=float(q[x]), u=u))
            if fate == "rejected":
                rejected_at, context = i, before
            before = x
        rest = self.p[before] if rejected_at is None else np.maximum(self.p[context] - self.q[context], 0)
        return round_of(tokens), int(rng.choice(len(rest), p=rest / rest.sum()))
