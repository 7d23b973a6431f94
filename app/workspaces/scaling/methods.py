"""The methods that cells of a sweep belong to, each with a mark that is the same in table, plot and map."""

from typing import NamedTuple

from app.widgets.lane_marks import LaneMark
from app.workspaces.scaling.words import tr
from engine.events import Allocation


class CellMethod(NamedTuple):
    """A method, by the cells it has."""

    key: str
    name: str
    mark: LaneMark


def method_of(cell: Allocation) -> CellMethod:
    """Return the method of a cell: without documents, without demonstrations, with one iteration or more."""
    if cell.n > 1:
        return CellMethod("iterdrag", tr("IterDRAG"), LaneMark("d", "◆", "bonus"))
    if cell.k and cell.m:
        return CellMethod("drag", tr("DRAG"), LaneMark("s", "■", "unverified"))
    if cell.k:
        return CellMethod("rag", tr("RAG"), LaneMark("t1", "▲", "correction"))
    if cell.m:
        return CellMethod("many_shot", tr("many-shot"), LaneMark("t", "▼", "accepted"))
    return CellMethod("zero_shot", tr("zero-shot"), LaneMark("o", "●", "muted"))


# In the order of what they need.
EXAMPLES = (
    Allocation(0, 0, 1), Allocation(0, 1, 1), Allocation(1, 0, 1), Allocation(1, 1, 1), Allocation(1, 0, 2)
)  # fmt: skip
FIT_MARK = LaneMark("o", "╌", "text")
