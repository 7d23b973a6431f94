"""Saving a report from the window."""

from pathlib import Path

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.plots.report_saver import ReportSaver
from app.state.store import RunStore
from tests.comparisons import comparison


def test_the_suffix_decides_the_format_and_the_store_says_where_it_is(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    store = RunStore()
    saver = ReportSaver(store, parent)
    for suffix, start in ((".html", b"<!DOCTYPE html>"), (".pdf", b"%PDF-")):
        path = tmp_path / f"r{suffix}"
        saver.save(path, comparison(n_prompts=1, n_tokens=8))
        qtbot.waitUntil(lambda path=path: path.name in store.told)  # type: ignore[misc]
        assert path.read_bytes().startswith(start)


def test_a_log_of_nothing_is_reported(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    store = RunStore()
    ReportSaver(store, parent).save(tmp_path / "r.html", ())
    qtbot.waitUntil(lambda: store.trouble is not None)
    assert store.trouble is not None and "nothing to report" in store.trouble.message
