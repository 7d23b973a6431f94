"""Reports of evaluations, races and benchmarks."""

from engine.events import LaneSpec, Measured, RaceFinished, RaceStarted, WorkEnded, WorkStarted
from engine.reports import documents, html, tables, work_report
from engine.reports.documents import ReportOptions
from tests.app.factory import a_round

BENCH = (
    WorkStarted(
        "0badcafe", "measurement", "2026-01-01T00:00:00Z", "bench decode", "builtin", "builtin", (("gamma", 4),), "cpu",
        "float32",
    ),
    Measured("speedup", 1.6, 0),
    Measured("ms_per_token ours_plain", 3.5, 0),
    WorkEnded("finished"),
)  # fmt: skip
LANES = LaneSpec("plain", "none", 0), LaneSpec("a", "builtin", 4)
RACE = (
    RaceStarted("builtin", LANES, "a <b>prompt</b>", (1,), ("a",), "cpu", "float32", race_id="1"),
    a_round(0, [" a"]),
    RaceFinished("length", (("a", True),)),
)


def test_a_benchmark_reports_its_figures_and_settings() -> None:
    assert tables.tables(BENCH)["figures"].rows == (("speedup", 1.6), ("ms_per_token ours_plain", 3.5))
    page = html.report(BENCH, ReportOptions())
    assert "Bench decode" in page and "stopped before its end" not in page


def test_a_race_reports_each_lane_and_that_it_measures_nothing() -> None:
    (table,) = tables.tables(RACE).values()
    assert [row[0] for row in table.rows] == ["plain", "a"]
    assert [row[-1] for row in table.rows] == [None, True]
    page = html.report(RACE, ReportOptions())
    assert "&lt;b&gt;" in page and "compare lanes" in page


def test_any_other_log_has_no_such_report() -> None:
    assert work_report.document(BENCH[:1]) is None
    assert work_report.tables(BENCH[:1]) == {}
    assert documents.document(BENCH, ReportOptions()).title.startswith("Bench decode")
