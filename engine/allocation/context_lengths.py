"""The effective context length of a cell: as it was measured, otherwise modelled from the cells that were.

* imports neither Qt nor torch. A prompt holds k documents and m demonstrations with k documents each; every further
iteration reads it again, with the documents that were added. Source: arXiv:2410.04343, sections 3.1 to 3.3."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.allocation.answer_table import AnswerTable
from engine.events import Allocation


class ContextLength(NamedTuple):
    """Input tokens over all calls of a question: on average, and of the longest question. measured: else modelled."""

    mean: float
    longest: float
    measured: bool


class ContextModel:
    """Lengths of the cells of a table, and a model of all others."""

    def __init__(self, table: AnswerTable) -> None:
        means, longest = table.contexts.mean(0), table.contexts.max(0)
        self._measured = {
            cell: ContextLength(float(mean), float(most), True)
            for cell, mean, most in zip(table.cells, means, longest, strict=True)
        }
        self._weights = _weights(table.cells, means)
        modelled = np.maximum(1.0, _features(table.cells) @ self._weights)
        # The longest question is to be on the safe side: as much above the model as that of any measured cell.
        self._longest_ratio = float(max(1.0, (longest / modelled).max()))

    def of(self, cell: Allocation) -> ContextLength:
        """The lengths of a cell."""
        if cell in self._measured:
            return self._measured[cell]
        mean = float(max(1.0, (_features((cell,)) @ self._weights)[0]))
        return ContextLength(mean, mean * self._longest_ratio, False)


def _features(cells: tuple[Allocation, ...]) -> NDArray[np.float64]:
    """What one prompt holds, and what the further iterations read."""
    k, m, n = np.array([(cell.k, cell.m, cell.n) for cell in cells], dtype=np.float64).T
    prompt = np.stack((np.ones_like(k), k, m, m * k), axis=1)
    more = (n - 1)[:, None]
    return np.concatenate((prompt, prompt * more, (k * (n - 1) ** 2)[:, None]), axis=1)


def _weights(cells: tuple[Allocation, ...], means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tokens of each feature, none negative, so that relative errors are small."""
    from scipy.optimize import nnls

    scale = 1.0 / np.maximum(means, 1.0)
    solution, _ = nnls(_features(cells) * scale[:, None], means * scale)
    weights: NDArray[np.float64] = solution
    return weights
