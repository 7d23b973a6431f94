"""Rounds of a simulated drafter: over a text of known fates, and over random distributions."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

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
