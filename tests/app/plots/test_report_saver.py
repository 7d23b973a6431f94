"""Saving a report from the window."""

from pathlib import Path

import msgspec
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app.plots.prices_dialog import PricesDialog
from app.plots.report_saver import ReportSaver, report_content
from app.state.store import RunStore
from engine.reports.pilot import Prices
from tests.app.factory import whole_run
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
    assert "Error" not in store.trouble.message


def test_prices_are_asked_for_a_comparison_alone_and_reach_its_report(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    store = RunStore()
    saver = ReportSaver(store, parent)
    saver.ask(parent, whole_run(), "run")
    assert parent.findChild(PricesDialog) is None
    events = comparison(n_prompts=1, n_tokens=8)
    file = tmp_path / "log.jsonl"
    file.write_bytes(b"\n".join(msgspec.json.encode(event) for event in events))
    for source in (events, file):
        saver.ask(parent, source, "comparison")
        dialog = parent.findChild(PricesDialog)
        assert dialog is not None
        dialog.close()
        dialog.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    saver._go_on(parent, events, "comparison", Prices(per_gpu_hour=2.0))
    assert store.prices == Prices(per_gpu_hour=2.0)
    for chooser in parent.findChildren(QFileDialog):
        chooser.close()
    assert "What a pilot would save" in report_content(events, ".html", store.prices).decode()


def test_the_report_says_with_which_versions_it_was_measured() -> None:
    assert "Measured with torch 2.13.0." in report_content(comparison(n_prompts=1, n_tokens=8), ".html").decode()


def test_a_file_is_read_on_the_thread_and_its_damage_is_in_the_report(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    lines = [msgspec.json.encode(event) for event in comparison(n_prompts=1, n_tokens=8)]
    path.write_bytes(b"\n".join(lines) + b"\nnot an event\n")
    report = report_content(path, ".html").decode()
    assert "The log is damaged" in report and "builtin" in report
