"""Predicts from a question's words what iterating brings to it, learned from a sweep; ours, not from the paper.

* imports neither Qt nor torch.

The gain of a question is its mean score over the cells that iterate minus that over DRAG's cells of the same k and m.
A ridge regression over its words predicts it; every figure is of questions that were left out one by one."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.allocation.answer_table import AnswerTable, arranged
from engine.errors import InputError
from engine.events import Allocation, AnswerMetric, CellAnswered

_WORD = re.compile(r"\w+")
# Of the ridge, of which the one that predicts left-out questions best is taken; the last one predicts the mean alone.
_STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 1e9)
_FEWEST = 10


class GainModel(NamedTuple):
    """A regression over words. pairs: the cells that were compared, iterating and not.

    r2: of questions left out. Of these questions: accuracy and tokens if all iterate, if none does, and as routed."""

    words: tuple[str, ...]
    weights: NDArray[np.float64]
    centre: NDArray[np.float64]
    mean: float
    threshold: float
    n: int
    r2: float
    iterated: tuple[float, float]
    direct: tuple[float, float]
    routed: tuple[float, float]
    share_iterated: float

    def expected(self, question: str) -> float:
        """The expected gain of iterating, in points of the metric."""
        return float(self.mean + (_counts([question], self.words)[0] - self.centre) @ self.weights)

    def iterates(self, question: str) -> bool:
        """Whether iterating is expected to be worth its tokens."""
        return self.expected(question) > self.threshold


def learned(answers: Sequence[CellAnswered], metric: AnswerMetric = "accuracy") -> GainModel:
    """Learn from the answers of a sweep. Raises InputError as `learn`."""
    return learn(arranged(answers, metric), {answer.question_id: answer.question for answer in answers})


def learn(table: AnswerTable, questions: dict[str, str], threshold: float = 0.05) -> GainModel:
    """Learn from a table; questions: texts by id; threshold: the least gain for which a question iterates.

    Raises InputError: no cells that differ in n alone, too few questions."""
    pairs = _pairs(table.cells)
    if not pairs:
        raise InputError("no two combinations differ in their iterations alone", "sweep for instance --n 1,3")
    if len(table.questions) < _FEWEST:
        raise InputError(f"{len(table.questions)} questions are too few to learn from", "sweep more questions")
    texts = [questions.get(name, "") for name in table.questions]
    words = _vocabulary(texts)
    longer, shorter = ([place for pair in pairs for place in (pair[side],)] for side in (1, 0))
    gain = table.scores[:, longer].mean(1) - table.scores[:, shorter].mean(1)
    x = _counts(texts, words)
    mean = float(gain.mean())
    weights, left_out = min((_ridge(x, gain, strength) for strength in _STRENGTHS), key=lambda it: _error(gain, it[1]))
    iterate = left_out > threshold
    around = float(((gain - mean) ** 2).sum())
    both = [(table.scores[:, places].mean(1), table.contexts[:, places].mean(1)) for places in (longer, shorter)]
    routed = tuple(float(np.where(iterate, both[0][part], both[1][part]).mean()) for part in (0, 1))
    return GainModel(
        words,
        weights,
        x.mean(0),
        mean,
        threshold,
        len(texts),
        1 - _error(gain, left_out) / around if around > 0 else 0.0,
        (float(both[0][0].mean()), float(both[0][1].mean())),
        (float(both[1][0].mean()), float(both[1][1].mean())),
        (routed[0], routed[1]),
        float(iterate.mean()),
    )


def _error(gain: NDArray[np.float64], left_out: NDArray[np.float64]) -> float:
    return float(((gain - left_out) ** 2).sum())


def _ridge(
    x: NDArray[np.float64], gain: NDArray[np.float64], strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weights of words, and the prediction of each question by all others, in closed form."""
    mean, centred = gain.mean(), x - x.mean(0)
    inverse = np.linalg.inv(centred.T @ centred + strength * np.eye(x.shape[1]))
    weights: NDArray[np.float64] = inverse @ centred.T @ (gain - mean)
    leverage = 1 / len(gain) + np.einsum("ij,jk,ik->i", centred, inverse, centred)
    rest = gain - mean - centred @ weights
    return weights, gain - rest / np.maximum(1e-9, 1 - leverage)


def _pairs(cells: Sequence[Allocation]) -> list[tuple[int, int]]:
    """Places of DRAG's cell and the iterating one of the same k and m with the most iterations."""
    most: dict[tuple[int, int], int] = {}
    for place, cell in enumerate(cells):
        key = cell.k, cell.m
        if cell.n > 1 and (key not in most or cells[most[key]].n < cell.n):
            most[key] = place
    direct = {(cell.k, cell.m): place for place, cell in enumerate(cells) if cell.n == 1}
    return [(direct[key], place) for key, place in most.items() if key in direct]


def _vocabulary(texts: Sequence[str]) -> tuple[str, ...]:
    """The words of at least two questions: names that stand in one say nothing about another."""
    counts: dict[str, int] = {}
    for text in texts:
        for word in set(_WORD.findall(text.casefold())):
            counts[word] = counts.get(word, 0) + 1
    return tuple(sorted(word for word, n in counts.items() if n > 1))


def _counts(texts: Sequence[str], words: Sequence[str]) -> NDArray[np.float64]:
    """How often each word is in each text, and last how many words that has, [texts, words + 1]."""
    place = {word: i for i, word in enumerate(words)}
    x = np.zeros((len(texts), len(words) + 1))
    for row, text in enumerate(texts):
        own = _WORD.findall(text.casefold())
        x[row, -1] = len(own)
        for word in own:
            if word in place:
                x[row, place[word]] += 1.0
    return x
