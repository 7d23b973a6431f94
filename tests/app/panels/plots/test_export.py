"""Files of a plot: what they hold, that they replace whole, and that a failure is said."""

import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app import theme
from app.panels.plots.acceptance import AcceptancePlot
from app.panels.plots.latency import LatencyPlot
from app.panels.plots.positions import PositionsPlot
from app.panels.plots.speed import SpeedPlot
from app.panels.plots.tokens_per_round import TokensPerRoundPlot
from app.plots import export
from app.plots.panel import PlotPanel
from app.state.selection import Selection
from app.state.store import RunStore
from tests.app.factory import FakeHost
from tests.engine.runs import stories

ALL = (AcceptancePlot, TokensPerRoundPlot, LatencyPlot, SpeedPlot, PositionsPlot)


@pytest.fixture
def store(qtbot: QtBot) -> Iterator[RunStore]:
    made = RunStore()
    made.attach(FakeHost())
    for event in stories.whole_run():
        made.take(event)
    yield made
    made.close()
    made.deleteLater()


def shown(qtbot: QtBot, store: RunStore, kind: type[PlotPanel]) -> PlotPanel:
    panel = kind(store)
    qtbot.addWidget(panel)
    panel.resize(320, 200)
    panel.show()
    panel.refresh()
    return panel


def written(qtbot: QtBot, plot: PlotPanel, path: Path) -> bytes:
    with qtbot.waitSignal(plot.menu.exporter.written):
        plot.export(path)
    return path.read_bytes()


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(line for line in content.decode().splitlines() if not line.startswith("#")))


def test_a_csv_file_names_run_and_settings_and_holds_a_row_a_point(
    qtbot: QtBot, store: RunStore, tmp_path: Path
) -> None:
    content = written(qtbot, shown(qtbot, store, LatencyPlot), tmp_path / "times.csv")
    notes = [line for line in content.decode().splitlines() if line.startswith("#")]
    assert notes[:2] == ["# draftscope: Time per round", "# run: ab12"]
    assert "# setting gamma: 2" in notes
    assert rows_of(content) == [
        ["round", "draft (ms)", "verify (ms)", "other (ms)"],
        ["1", "1", "2", "0.5"],
        ["2", "1", "2", "0.5"],
        ["3", "1", "2", "0.5"],
    ]


@pytest.mark.parametrize("kind", ALL)
def test_every_column_has_a_title_and_as_many_cells_as_the_first(
    qtbot: QtBot, store: RunStore, kind: type[PlotPanel], tmp_path: Path
) -> None:
    rows = rows_of(written(qtbot, shown(qtbot, store, kind), tmp_path / "x.csv"))
    assert all(rows[0])
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("kind", ALL)
def test_a_plot_without_a_run_can_be_written_too(qtbot: QtBot, kind: type[PlotPanel], tmp_path: Path) -> None:
    empty = RunStore()
    plot = shown(qtbot, empty, kind)
    assert len(rows_of(written(qtbot, plot, tmp_path / "x.csv"))) == 1
    assert written(qtbot, plot, tmp_path / "x.png").startswith(b"\x89PNG")
    empty.close()


def test_a_png_file_is_a_picture_of_the_whole_panel(qtbot: QtBot, store: RunStore, tmp_path: Path) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    content = written(qtbot, plot, tmp_path / "speed.png")
    assert QImage.fromData(content).width() == 3 * plot.width()


def test_a_picture_does_not_show_where_the_mouse_and_the_cursor_are(
    qtbot: QtBot, store: RunStore, tmp_path: Path
) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    untouched = written(qtbot, plot, tmp_path / "a.png")
    store.select(Selection(1, None))
    plot.refresh()
    plot.widget.pointed.emit(1.0)
    assert written(qtbot, plot, tmp_path / "b.png") == untouched
    assert plot.readout.isVisible()
    assert plot._cursor_line.isVisible()


def test_a_picture_has_the_ground_of_text_and_says_what_the_run_was(
    qtbot: QtBot, store: RunStore, tmp_path: Path
) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    picture = QImage.fromData(written(qtbot, plot, tmp_path / "a.png"))
    assert picture.pixelColor(0, 0) == QColor(theme.current().base)
    drawing = written(qtbot, plot, tmp_path / "a.svg").decode()
    for words in ("γ 2", "greedy", "seed 0", "first pass"):
        assert words in drawing


def test_a_written_file_is_told_by_name(qtbot: QtBot, store: RunStore, tmp_path: Path) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    with qtbot.waitSignal(plot.exported) as told:
        plot.export(tmp_path / "a.csv")
    assert told.args == [str(tmp_path / "a.csv")]


def test_an_svg_file_is_drawn_with_its_words(qtbot: QtBot, store: RunStore, tmp_path: Path) -> None:
    content = written(qtbot, shown(qtbot, store, SpeedPlot), tmp_path / "speed.svg")
    assert content.startswith(b"<?xml")
    assert b"tokens/s" in content
    assert b"clipPath" in content
    assert b"<image" not in content


def test_a_file_that_is_there_is_replaced_and_nothing_else_is_left(
    qtbot: QtBot, store: RunStore, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("old")
    assert b"old" not in written(qtbot, shown(qtbot, store, LatencyPlot), path)
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]


def test_a_file_that_cannot_be_written_is_said_with_a_way_out(qtbot: QtBot, store: RunStore, tmp_path: Path) -> None:
    plot = shown(qtbot, store, LatencyPlot)
    with qtbot.waitSignal(plot.export_failed) as failed:
        plot.export(tmp_path / "no such folder" / "x.csv")
    message, hint = failed.args
    assert "x.csv could not be written: No such file or directory" in message
    assert hint == "choose another file or folder"


def test_a_failed_export_leaves_the_old_file(
    qtbot: QtBot, store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("old")
    monkeypatch.setattr(export.Path, "write_bytes", _full)
    plot = shown(qtbot, store, LatencyPlot)
    with qtbot.waitSignal(plot.export_failed):
        plot.export(path)
    assert path.read_text() == "old"


def _full(*_: object) -> int:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("text", ["a\nb", "\u202egnp.exe", "=cmd()", "x" * 1_000_000])
def test_hostile_names_stay_in_their_comment(text: str) -> None:
    hostile = msgspec.structs.replace(stories.started(), run_id=text, target=text, settings=((text, text),))
    content = export.as_csv(export.Table(export.run_notes("x", hostile), ())).decode()
    lines = content.rstrip("\n").splitlines()
    assert all(line.startswith("# ") and len(line) < 700 for line in lines if line)
    assert "\u202e" not in content


def test_the_menu_exports_three_kinds_copies_and_asks_without_blocking(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    texts = [action.text() for action in plot.menu.actions() if not action.isSeparator()]
    assert texts == ["Export PNG…", "Export SVG…", "Export CSV…", "Copy picture", "Copy values as CSV"]
    plot.menu.actions()[2].trigger()
    dialog = plot.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.selectedFiles()[0].endswith("speed-ab12.csv")
    dialog.reject()


def test_the_menu_opens_by_key(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, SpeedPlot)
    qtbot.keyClick(plot.widget, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    assert plot.menu.isVisible()
    plot.menu.close()
