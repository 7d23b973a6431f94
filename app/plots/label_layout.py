"""Finds places for the names of points so that no name covers another name or another point; pure.

Each name has places around its point, nearer ones first. Names take their cheapest free place in turn, then each one
chooses anew while the others stay, until none moves: point-feature labelling by local search, after Christensen, Marks
and Shieber, "An empirical study of algorithms for point-feature label placement" (ACM TOG 14(3), 1995)."""

from collections.abc import Sequence
from math import cos, pi, sin
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.float64]
# Half the side of the square around a point that no name may touch, in pixels.
_CLEAR = 7.0
# Beside a point a name is this far from its middle; above and below it has to clear the mark.
_ASIDE, _NEXT_TO = 6.0, 9.0
_N_RINGS, _RING_STEP, _N_DIRECTIONS = 9, 0.7, 16
_MOST_SWEEPS = 8
# What a place costs: by its direction, by its distance, for a bar that is covered, for a line that runs through a name.
_BY_DIRECTION, _BY_RING, _BAR, _CROSSED = 0.1, 4.0, 3.0, 12.0
_NEAREST = ((1, -1), (1, 1), (-1, -1), (-1, 1), (0, -1), (0, 1), (1, 0), (-1, 0))
_ALONG_LINE = np.linspace(0.0, 1.0, 7)


class PixelBox(NamedTuple):
    """A rectangle in pixels; y goes downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


class NamedPoint(NamedTuple):
    """A point in pixels, the size of its name (0, 0: none), and the ends of its bars, if it has any."""

    x: float
    y: float
    size: tuple[float, float]
    bars: PixelBox


class NamePlace(NamedTuple):
    """Where a name stands. far: not beside its point, so that a line should lead to it."""

    box: PixelBox
    far: bool


class _Places(NamedTuple):
    """The places of one name. boxes: [C, 4]; costs: [C], infinite where it would cover a point or is out of sight."""

    boxes: _Array
    costs: _Array
    far: npt.NDArray[np.bool_]


def place_names(points: Sequence[NamedPoint], room: tuple[float, float]) -> list[NamePlace | None]:
    """A place for the name of each point in a plane of this width and height; None where no place is free."""
    named = [i for i, point in enumerate(points) if point.size[0] > 0]
    marks = np.array([[p.x - _CLEAR, p.y - _CLEAR, p.x + _CLEAR, p.y + _CLEAR] for p in points]).reshape(-1, 4)
    bars = np.array([bar for point in points for bar in _bars(point)], dtype=np.float64).reshape(-1, 4)
    choices = {i: _places(points[i], np.delete(marks, i, axis=0), bars, room) for i in named}
    chosen: dict[int, int] = {}
    for _ in range(_MOST_SWEEPS):
        before = dict(chosen)
        for i in sorted(named, key=lambda i: (points[i].x, points[i].y, i)):
            chosen.pop(i, None)
            others = np.array([choices[j].boxes[at] for j, at in chosen.items()]).reshape(-1, 4)
            costs = choices[i].costs + _among(points[i], choices[i], others)
            if len(costs) and np.isfinite(costs.min()):
                chosen[i] = int(costs.argmin())
        if chosen == before:
            break
    return [
        NamePlace(PixelBox(*map(float, choices[i].boxes[chosen[i]])), bool(choices[i].far[chosen[i]]))
        if i in chosen
        else None
        for i in range(len(points))
    ]


def _bars(point: NamedPoint) -> tuple[PixelBox, PixelBox]:
    """The bars of a point as thin boxes; one without length is none."""
    across = PixelBox(point.bars.left, point.y - 1, point.bars.right, point.y + 1)
    along = PixelBox(point.x - 1, point.bars.top, point.x + 1, point.bars.bottom)
    return across, along


def _places(point: NamedPoint, marks: _Array, bars: _Array, room: tuple[float, float]) -> _Places:
    width, height = point.size
    middles, costs, far = [], [], []
    for order, (across, along) in enumerate(_NEAREST):
        gap_x, gap_y = (_ASIDE, _ASIDE) if across and along else (_NEXT_TO, _NEXT_TO)
        middles.append((point.x + across * (width / 2 + gap_x), point.y + along * (height / 2 + gap_y)))
        costs.append(_BY_DIRECTION * order)
        far.append(False)
    for ring in range(1, _N_RINGS):
        gap = _NEXT_TO + _RING_STEP * height * ring
        for order in range(_N_DIRECTIONS):
            angle = 2 * pi * order / _N_DIRECTIONS - pi / 4
            middles.append((point.x + cos(angle) * (width / 2 + gap), point.y + sin(angle) * (height / 2 + gap)))
            costs.append(_BY_RING * ring + _BY_DIRECTION * order / 2)
            far.append(True)
    at = np.array(middles)
    half = np.array([width / 2, height / 2])
    boxes = np.concatenate((at - half, at + half), axis=1)
    hidden = (boxes[:, :2] < 0).any(axis=1) | (boxes[:, 2:] > np.array(room)).any(axis=1)
    hidden |= _overlap(boxes, marks).any(axis=1)
    total = np.array(costs) + _BAR * _overlap(boxes, bars).sum(axis=1)
    return _Places(boxes, np.where(hidden, np.inf, total), np.array(far))


def _among(point: NamedPoint, own: _Places, others: _Array) -> _Array:
    """What the names that have places cost each place: infinite where it covers one, more where its line does."""
    covered = _overlap(own.boxes, others).any(axis=1)
    middles = (own.boxes[:, :2] + own.boxes[:, 2:]) / 2
    lines = np.array([point.x, point.y]) + _ALONG_LINE[:, None, None] * (middles - np.array([point.x, point.y]))
    inside = (lines[:, :, None, :] > others[None, None, :, :2]) & (lines[:, :, None, :] < others[None, None, :, 2:])
    crossed = inside.all(axis=3).any(axis=0).sum(axis=1) * own.far
    return np.where(covered, np.inf, _CROSSED * crossed)


def _overlap(boxes: _Array, others: _Array) -> npt.NDArray[np.bool_]:
    """Whether each of the boxes [C, 4] overlaps each of the others [M, 4]: [C, M]."""
    along_axes = (boxes[:, None, :2] < others[None, :, 2:]) & (boxes[:, None, 2:] > others[None, :, :2])
    return along_axes[:, :, 0] & along_axes[:, :, 1]
