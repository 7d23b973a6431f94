"""Finds places for the ranks beside the points of the map, so that none covers another or a point. Knows no widget."""

from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    width: float
    height: float

    def meets(self, other: "Box") -> bool:
        """Whether two rectangles share some area."""
        across = self.left < other.left + other.width and other.left < self.left + self.width
        return across and self.top < other.top + other.height and other.top < self.top + self.height


def rank_places(
    points: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], mark: float
) -> list[Box | None]:
    """Place a label beside each point, the first first; None where every place would cover another label.

    points: [n] centres in pixels; sizes: [n] width and height of each label; mark: the radius of a point."""
    marks = [Box(x - mark, y - mark, 2 * mark, 2 * mark) for x, y in points]
    places: list[Box | None] = []
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        taken = [place for place in places if place is not None]
        free = [box for box in _beside(x, y, width, height, mark=mark) if not any(box.meets(other) for other in taken)]
        clear = (box for box in free if not any(box.meets(other) for other in marks))
        places.append(next(clear, free[0] if free else None))
    return places


def _beside(x: float, y: float, width: float, height: float, *, mark: float) -> list[Box]:
    """The places around a point in the order in which they are tried, the one above its right shoulder first."""
    right, left, middle = x + mark, x - mark - width, x - width / 2
    above, below, level = y - mark - height, y + mark, y - height / 2
    corners = (
        (right, above + mark), (right, below - mark), (left, above + mark), (left, below - mark),
        (right, level), (left, level), (middle, above), (middle, below),
    )  # fmt: skip
    return [Box(across, top, width, height) for across, top in corners]
