import csv
import io
import locale

import pytest

from engine.reports.cells import (
    ReportColumn,
    ReportTable,
    as_csv,
    interval_columns,
    is_number,
    ratio_cells,
    ratio_columns,
    shown,
    text_cell,
)
from engine.statistics import Interval, RatioEstimate

COLUMNS = (ReportColumn("name", "name", "text"), ReportColumn("alpha", "α", "share"), *interval_columns("alpha"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " ="])
def test_no_spreadsheet_evaluates_foreign_text(start: str) -> None:
    assert text_cell(f"{start}HYPERLINK(1)").startswith("'")


def test_a_number_is_no_formula() -> None:
    assert all(map(is_number, ("-5", "+1.5", "12")))
    assert not any(map(is_number, ("", "-", "1+1", "-1|cmd", "1.", "٣", "-5\n")))


def test_a_file_has_a_header_points_and_empty_cells_where_nothing_is_known() -> None:
    table = ReportTable("t", COLUMNS, (("=1+1", 0.5, None, None), ("a,b", -0.25, -0.5, float("nan"))))
    assert as_csv(table) == 'name,alpha,alpha_low,alpha_high\n\'=1+1,0.5,,\n"a,b",-0.25,-0.5,\n'


def test_numbers_have_a_point_whatever_the_locale() -> None:
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        for name in ("de_DE.UTF-8", "C"):
            try:
                locale.setlocale(locale.LC_NUMERIC, name)
            except locale.Error:
                continue
            assert "0.5" in as_csv(ReportTable("t", COLUMNS, (("a", 0.5, None, None),)))
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)


def test_hostile_text_stays_in_its_cell() -> None:
    hostile = 'a"\n,b\x00\u202e\ud800'
    text = as_csv(ReportTable("t", COLUMNS[:1], ((hostile,),)))
    assert list(csv.reader(io.StringIO(text)))[1] == ['a"⏎,b␀⟨U+202E⟩⟨U+D800⟩']
    assert text.encode()  # no lone surrogate is left


def test_a_figure_is_read_with_its_interval() -> None:
    table = ReportTable("t", COLUMNS, (("a", 0.8, 0.75, 0.85), ("b", None, None, None)))
    assert shown(table).heads == ("name", "α")
    assert shown(table).rows == (("a", "0.80 [0.75, 0.85]"), ("b", "–"))


def test_a_range_is_not_shown_as_an_interval() -> None:
    columns = ratio_columns("speedup", "speedup")
    interval = RatioEstimate(1.5, Interval(1.4, 1.6), Interval(1.0, 2.0), 12)
    few = RatioEstimate(0.9, None, Interval(0.8, 1.0), 4)
    rows = shown(ReportTable("t", columns, (ratio_cells(interval), ratio_cells(few), ratio_cells(None)))).rows
    assert [row[0] for row in rows] == ["1.50× [1.40, 1.60]", "0.90× (0.80 to 1.00)", "–"]


def test_chosen_columns_keep_their_intervals() -> None:
    table = ReportTable("t", COLUMNS, (("a", 0.8, 0.75, 0.85),))
    assert table.only("alpha").rows == ((0.8, 0.75, 0.85),)


def test_each_kind_of_value_is_written_in_its_way() -> None:
    columns = tuple(
        ReportColumn(form, form, form)  # type: ignore[arg-type]
        for form in ("count", "bytes", "ms", "factor", "figure", "yes")
    )
    row = shown(ReportTable("t", columns, ((12_345, 31_600_000, 5.464, 1.826, 0.00123, False),))).rows[0]
    assert row == ("12,345", "32 MB", "5.46", "1.83×", "0.0012", "✗ no")
