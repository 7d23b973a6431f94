"""The RAG tab in the window."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTableWidget,
)

from app.main_window import MainWindow
from app.workspaces.rag.answers import AnswerProgress
from engine.events import RunStarted
from engine.runs.trace import TraceWriter
from tests.app.answers import QUESTION, whole_answer
from tests.app.factory import PAIR


@pytest.fixture
def window(qtbot):  # type: ignore[no-untyped-def]
    made = MainWindow(PAIR, None, make_host=None)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close_now()


def test_a_saved_answer_opens_in_the_rag_tab(window, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "trace.jsonl"
    writer = TraceWriter(path)
    own_pair = window.workspaces["rag"].setup.pair()
    for event in whole_answer():
        writer.write(
            replace(event, target="org/big-instruct", drafter="org/small") if isinstance(event, RunStarted) else event
        )
    writer.close()
    window.store.open_trace(path)
    qtbot.waitUntil(
        lambda: window.store.tab(AnswerProgress).history.shown is not None and window.workspaces["rag"].up_to_date
    )
    assert window.front is window.workspaces["rag"]
    assert window.workspaces["rag"].bar.text() == QUESTION
    assert window.workspaces["rag"].setup.settings()["k"] == 3
    assert window.workspaces["rag"].setup.opened.isVisible()
    assert window.store.history.shown is None
    shown_pair = window.workspaces["rag"].setup.pair()
    assert (shown_pair.target, shown_pair.drafter) == ("org/big-instruct", "org/small")
    window.workspaces["rag"].setup.opened.back.click()
    assert window.workspaces["rag"].setup.settings()["k"] == 2
    assert window.workspaces["rag"].setup.pair() == own_pair


def test_save_writes_the_answer_while_the_rag_tab_is_in_front(window, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    record = window.store.tab(AnswerProgress).history.begin(live=False)
    record.add_all(whole_answer())
    window.show_view("rag")
    window.store.save_trace(tmp_path / "a.jsonl", window.front.shown_record)
    qtbot.waitUntil(lambda: (tmp_path / "a.jsonl").exists() and not window.store.reading)
    assert (tmp_path / "a.jsonl").read_bytes().count(b"\n") == len(whole_answer())


def test_step_starts_no_hidden_run_from_the_rag_tab(window) -> None:  # type: ignore[no-untyped-def]
    assert window._menus.actions["step"].isEnabled()
    window.show_view("rag")
    assert not window._menus.actions["step"].isEnabled()


def test_every_control_has_a_name_and_no_label_takes_markup(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    for label in workspace.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText or not label.text(), label.text()
    for kind in (QLineEdit, QPlainTextEdit, QTableWidget):
        for widget in workspace.findChildren(kind):
            inner = isinstance(widget.parentWidget(), QComboBox | QAbstractSpinBox)
            assert inner or widget.accessibleName(), widget
    for button in workspace.findChildren(QAbstractButton):
        assert button.text() or button.accessibleName() or button.metaObject().className().startswith("Q"), button
