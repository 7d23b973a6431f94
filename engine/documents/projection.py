"""Projects vectors onto a map of two axes: principal components, or UMAP if it is installed.

The principal components are those of the passages and the question, so that points near the question are spread out."""

from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.events.answers import Mapped, Point, Projection

MOST_BACKGROUND = 400
_FEWEST_FOR_UMAP = 5


class _Axes(NamedTuple):
    """Mean [D] and two axes [2, D] of some vectors, and the share of their variance that the axes explain."""

    middle: NDArray[np.float64]
    axes: NDArray[np.float64]
    explained: float


def project(
    passages: NDArray[np.float32],
    question: NDArray[np.float32],
    background: NDArray[np.float32],
    *,
    how: Projection = "pca",
    seed: int = 0,
) -> Mapped:
    """Map passages [n, D], a question [D] and at most MOST_BACKGROUND other chunks [b, D].

    Raises InputError if UMAP is requested but not installed."""
    sample = background[:MOST_BACKGROUND]
    near = np.vstack([passages, question[None]]).astype(np.float64)
    if how == "umap":
        return _by_umap(near, sample.astype(np.float64), seed)
    principal = _principal(near)
    coordinates = (np.vstack([near, sample.astype(np.float64)]) - principal.middle) @ principal.axes.T
    return _mapped(coordinates, len(passages), "pca", principal.explained)


def _principal(points: NDArray[np.float64]) -> _Axes:
    """The two axes of largest variance, zero if the points span fewer. Their signs are fixed, not random."""
    middle = points.mean(axis=0)
    _, lengths, axes = np.linalg.svd(points - middle, full_matrices=False)
    top_axes = np.zeros((2, points.shape[1]))
    for i in range(min(2, len(axes))):
        if lengths[i] > 0:
            top_axes[i] = axes[i] * (np.sign(axes[i][np.abs(axes[i]).argmax()]) or 1.0)
    total = float((lengths**2).sum())
    return _Axes(middle, top_axes, float((lengths[:2] ** 2).sum()) / total if total else 1.0)


def refuse_missing(how: Projection) -> None:
    """Raise InputError if UMAP is requested but not installed."""
    if how == "umap" and find_spec("umap") is None:
        raise InputError("umap is not installed", "install umap-learn, or choose the projection pca")


def _by_umap(near: NDArray[np.float64], sample: NDArray[np.float64], seed: int) -> Mapped:
    refuse_missing("umap")
    points = np.vstack([near, sample])
    if len(points) < _FEWEST_FOR_UMAP:
        raise InputError(f"umap needs {_FEWEST_FOR_UMAP} points, there are {len(points)}", "choose pca")
    import umap

    reducer = umap.UMAP(n_neighbors=min(15, len(points) - 1), random_state=seed % 2**32, init="random")
    return _mapped(np.asarray(reducer.fit_transform(points), dtype=np.float64), len(near) - 1, "umap", None)


def _mapped(coordinates: NDArray[np.float64], n: int, how: Projection, explained: float | None) -> Mapped:
    points = tuple(Point(float(x), float(y)) for x, y in coordinates)
    return Mapped(points[:n], points[n], points[n + 1 :], how, explained)
