"""The table of lanes: cells, order, selection, and what is copied."""

import csv
import io

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt

from app.plots import export
from app.workspaces.compare.lane_columns import LANE, SAME, SPEEDUP, lane_columns
from app.workspaces.compare.lane_model import SPEEDUP_ROLE, LanesModel
from app.workspaces.compare.record import ComparisonRecord
from engine.events import ComparisonMeasured
from engine.statistics import Interval, RatioEstimate
from tests.comparisons import FOREIGN, GENERAL, SMALL, comparison

ROLE = Qt.ItemDataRole


def filled(model: LanesModel, *, loss: bool = False) -> ComparisonRecord:
    record = ComparisonRecord()
    *events, last = comparison()
    assert isinstance(last, ComparisonMeasured)
    if loss:
        slow = RatioEstimate(0.9, Interval(0.8, 0.95), None, 12)
        last = replace(last, lanes=tuple(replace(e, speedup=slow) if e.lane == SMALL.name else e for e in last.lanes))
    for event in (*events, last):
        record.take(event)
    model.show_record(record)
    return record


def cells(model: LanesModel, title: str) -> list[str]:
    column = next(place for place, spec in enumerate(model.columns) if spec.title == title)
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_every_lane_is_a_row_with_its_mark(qapp) -> None:  # type: ignore[no-untyped-def]
    model = LanesModel(None)  # type: ignore[arg-type]
    filled(model)
    assert cells(model, "lane") == ["● plain decoding", f"▲ {SMALL.name}", f"■ {GENERAL.name}", f"◆ {FOREIGN.name}"]
    assert cells(model, "speedup")[2] == "1.83× (1.73 to 1.93)"
    assert cells(model, "why not") == [
        "the baseline", "slower: it accepts less", "★ recommended",
        "token 17 is another word in its vocabulary",
    ]  # fmt: skip
    assert cells(model, "J/token") == ["not measurable here"] * 3 + ["—"]


def test_texts_too_few_to_tell_are_called_unclear(qapp) -> None:  # type: ignore[no-untyped-def]
    model = LanesModel(None)  # type: ignore[arg-type]
    record = filled(model)
    assert cells(model, "same text") == ["—", "✓", "✓", "—"]
    assert record.measured is not None
    verdicts = {SMALL.name: None, GENERAL.name: True}
    lanes = (
        replace(e, same_text=verdicts.get(e.lane), n_differing=int(e.lane in verdicts)) for e in record.measured.lanes
    )
    record.take(replace(record.measured, lanes=tuple(lanes)))
    model.show_record(record)
    assert cells(model, "same text") == ["—", "≠ unclear", "✓ as plain", "—"]
    assert "too few texts to tell" in model.index(1, SAME).data(ROLE.ToolTipRole)


def test_places_of_the_special_columns_are_theirs(qapp) -> None:  # type: ignore[no-untyped-def]
    titles = [column.title for column in lane_columns(ComparisonRecord)]
    assert (titles[LANE], titles[SPEEDUP], titles[SAME]) == ("lane", "speedup", "same text")
    assert all(column.meaning for column in lane_columns(ComparisonRecord))


def test_lanes_sort_by_any_column_and_unknown_ones_come_last(qapp) -> None:  # type: ignore[no-untyped-def]
    model = LanesModel(None)  # type: ignore[arg-type]
    filled(model)
    model.sort(SPEEDUP, Qt.SortOrder.DescendingOrder)
    assert [model.lane_at(row) for row in range(4)] == [GENERAL.name, SMALL.name, "plain", FOREIGN.name]
    model.sort(SPEEDUP, Qt.SortOrder.AscendingOrder)
    assert [model.lane_at(row) for row in range(4)] == ["plain", SMALL.name, GENERAL.name, FOREIGN.name]
    model.sort(-1)
    assert model.row_of(FOREIGN.name) == 3 and model.row_of("nobody") is None


def test_new_figures_of_the_same_lanes_reset_nothing(qapp, qtbot) -> None:  # type: ignore[no-untyped-def]
    model = LanesModel(None)  # type: ignore[arg-type]
    record = filled(model)
    resets: list[None] = []
    model.modelReset.connect(lambda: resets.append(None))
    with qtbot.waitSignal(model.dataChanged):
        model.show_record(record)
    assert not resets


def test_a_loss_is_coloured_and_said(qapp) -> None:  # type: ignore[no-untyped-def]
    model = LanesModel(None)  # type: ignore[arg-type]
    filled(model, loss=True)
    index = model.index(1, SPEEDUP)
    assert index.data(ROLE.ForegroundRole) is not None
    assert "a loss of 10%" in index.data(ROLE.ToolTipRole)
    assert index.data(SPEEDUP_ROLE).value == 0.9
    assert model.scale() == pytest.approx((0.8, 1.93))


def test_the_recommended_lane_is_bold_and_plain_has_no_whisker(qapp) -> None:  # type: ignore[no-untyped-def]
    model = LanesModel(None)  # type: ignore[arg-type]
    filled(model)
    assert model.index(2, 0).data(ROLE.FontRole).bold() and model.index(1, 0).data(ROLE.FontRole) is None
    assert model.index(0, SPEEDUP).data(SPEEDUP_ROLE) is None


def test_the_csv_has_figures_not_words(qapp) -> None:  # type: ignore[no-untyped-def]
    model = LanesModel(None)  # type: ignore[arg-type]
    filled(model)
    text = export.as_csv(model.table()).decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
    assert rows[2]["drafter"] == "builtin" and float(rows[2]["speedup"]) == 1.83
    assert float(rows[2]["speedup, low"]) == 1.73 and rows[3]["speedup"] == ""
    assert len(export.as_csv(model.table([0])).decode().splitlines()) == len(text.splitlines()) - 3


def test_a_lane_with_a_hostile_name_is_plain_text(qapp) -> None:  # type: ignore[no-untyped-def]
    record = ComparisonRecord()
    evil = replace(FOREIGN, name="=1+1<b>\x1b\u202e")
    record.take(replace(comparison()[0], lanes=(evil,)))
    model = LanesModel(None)  # type: ignore[arg-type]
    model.show_record(record)
    assert "\x1b" not in model.index(0, 0).data() and "\u202e" not in model.index(0, 0).data()
    assert "<b>" not in model.index(0, 0).data(ROLE.ToolTipRole).replace("&lt;b&gt;", "")
    assert ",'" in export.as_csv(model.table()).decode() or "'=1+1" in export.as_csv(model.table()).decode()
