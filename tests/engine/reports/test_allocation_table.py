"""The table of a sweep in its report."""

from engine.allocation.figures import efficiencies, measured_cells
from engine.events import Allocation, SweepMeasured, WorkStarted
from engine.reports import work_report
from engine.reports.allocation_table import sweep_table
from tests.allocations import answered

NOTHING, MORE = Allocation(0, 0, 1), Allocation(2, 1, 3)
CELLS = measured_cells(
    answered(f"q{i}", cell, right=cell == MORE and i > 2) for i in range(12) for cell in (NOTHING, MORE)
)
STARTED = WorkStarted(
    "1", "measurement", "2026-11-30T00:00:00Z", "allocation", "builtin", "lookup", (("k", "0,2"),), "cpu", "float32"
)
SWEPT = SweepMeasured("file", CELLS, 12, 24, efficiencies(CELLS))


def test_every_combination_is_a_row() -> None:
    table = sweep_table([SweepMeasured("file", CELLS[:1], 12, 12, complete=False), SWEPT])
    assert table is not None and [row[:5] for row in table.rows] == [(0, 0, 1, 12, 0.0), (2, 1, 3, 12, 0.75)]
    assert len(table.rows[0]) == len(table.columns) and table.rows[0][-1] is None


def test_the_report_of_a_sweep_has_its_table_and_settings() -> None:
    document = work_report.document([STARTED, SWEPT])
    assert document is not None and document.title == "Allocation: the built-in target"
    assert work_report.tables([STARTED, SWEPT])["combinations"].rows
    assert sweep_table([STARTED]) is None
