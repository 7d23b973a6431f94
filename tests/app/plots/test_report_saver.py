"""Saving a report from the window."""

from pathlib import Path

import msgspec
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.plots.report_saver import ReportSaver, report_content
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
    assert "Error" not in store.trouble.message


def test_a_file_is_read_on_the_thread_and_its_damage_is_in_the_report(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    lines = [msgspec.json.encode(event) for event in comparison(n_prompts=1, n_tokens=8)]
    path.write_bytes(b"\n".join(lines) + b"\nnot an event\n")
    report = report_content(path, ".html").decode()
    assert "The log is damaged" in report and "builtin" in report
