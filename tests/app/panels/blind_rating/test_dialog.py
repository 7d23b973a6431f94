"""The dialog of rating blind: keys and mouse, nothing given away before the end, ratings kept whatever ends it."""

from pathlib import Path
from random import Random

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app.panels.blind_rating.dialog import BlindRatingDialog
from engine.machine import paths
from engine.store import blind_rating
from tests.engine.store import kept, ratings

N = 4


@pytest.fixture
def log() -> Path:
    """A kept sweep: plain decoding and two thresholds, of which one wrote the plain texts."""
    exact, lossy = [f"exact {i}" for i in range(N)], [f"other {i}" for i in range(N)]
    prompts = [f"prompt {i}" for i in range(N)]
    events = ratings.sweep_of([("plain", 0.0, exact), ("sprinter", 0.7, lossy), ("sprinter", 0.99, exact)], prompts)
    return paths.runs() / kept.keep(paths.runs(), events) / "trace.jsonl"


def opened(qtbot: QtBot, *logs: Path, second: str = "") -> BlindRatingDialog:
    dialog = BlindRatingDialog(logs, None, second=second, rng=lambda: Random(3))  # type: ignore[arg-type]
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    dialog.show_beside()
    qtbot.waitUntil(lambda: not dialog.busy)
    return dialog


def settled(qtbot: QtBot, dialog: BlindRatingDialog) -> None:
    qtbot.waitUntil(lambda: not dialog.busy)


def texts_on_show(dialog: BlindRatingDialog) -> str:
    return " ".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def test_keys_rate_the_pairs_and_the_end_reveals_and_keeps_them(qtbot: QtBot, log: Path) -> None:
    dialog = opened(qtbot, log)
    assert dialog.choice.chosen() == ("plain", "sprinter 0.7")
    assert dialog.choice.note.text() == f"{N} prompts with different texts; 0 with the same text left out."
    dialog.start.click()
    for key in (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_0):
        assert "sprinter" not in texts_on_show(dialog) and "plain" not in texts_on_show(dialog)
        QTest.keyClick(dialog.pair.left, key)
    settled(qtbot, dialog)
    (counted,) = blind_rating.counts(blind_rating.kept(log))
    assert (counted.n_first + counted.n_second, counted.n_tie, counted.n_both_bad) == (2, 1, 1)
    assert dialog.outcome.heading.text() == "plain decoding or sprinter 0.7: 4 of 4 pairs rated."
    assert "Sign test: p = 1.000, which may be chance" in dialog.outcome.preference.text() or counted.n_first != 1
    assert dialog.outcome.saved.text().startswith("Kept")
    dialog.shut_down()


def test_the_mouse_rates_the_side_that_was_clicked(qtbot: QtBot, log: Path) -> None:
    dialog = opened(qtbot, log)
    dialog.start.click()
    for _ in range(N):
        side = "left" if dialog.pair.left.toPlainText().startswith("other") else "right"
        dialog.pair.choices[side].click()  # type: ignore[index]
    settled(qtbot, dialog)
    assert {rating.verdict for rating in blind_rating.kept(log)} == {"second"}
    assert dialog.outcome.table.item(1, 1).text() == str(N)
    dialog.shut_down()


def test_back_takes_the_last_rating_back(qtbot: QtBot, log: Path) -> None:
    dialog = opened(qtbot, log)
    dialog.start.click()
    shown = dialog.pair.left.toPlainText()
    assert not dialog.pair.back.isEnabled()
    QTest.keyClick(dialog.pair.left, Qt.Key.Key_3)
    assert dialog.pair.place.text() == "Pair 2 of 4"
    QTest.keyClick(dialog.pair.left, Qt.Key.Key_Backspace)
    assert (dialog.pair.left.toPlainText(), dialog.pair.place.text()) == (shown, "Pair 1 of 4")
    dialog.shut_down()
    assert blind_rating.kept(log) == ()


def test_the_keyboard_alone_starts_rates_and_ends(qtbot: QtBot, log: Path) -> None:
    dialog = opened(qtbot, log)
    QTest.keyClick(dialog.choice.first, Qt.Key.Key_Return)
    assert dialog.pages.currentWidget() is dialog.pair
    QTest.keyClick(dialog.pair.left, Qt.Key.Key_Return)
    assert dialog.isVisible() and dialog.pair.place.text() == "Pair 1 of 4", "Enter in a text rates and closes nothing"
    QTest.keyClick(dialog.pair.left, Qt.Key.Key_Tab)
    QTest.keyClick(dialog.pair.right, Qt.Key.Key_Tab)
    first = dialog.pair.choices["left"]
    assert first.hasFocus()
    QTest.keyClick(first, Qt.Key.Key_Return)
    assert dialog.pair.place.text() == "Pair 2 of 4"
    assert all(button.toolTip() for button in dialog.findChildren(QPushButton) if button.isVisible())
    dialog.reveal.setFocus()
    QTest.keyClick(dialog.reveal, Qt.Key.Key_Return)
    settled(qtbot, dialog)
    assert dialog.pages.currentWidget() is dialog.outcome and dialog.close_button.hasFocus()
    QTest.keyClick(dialog.close_button, Qt.Key.Key_Return)
    assert not dialog.isVisible() and len(blind_rating.kept(log)) == 1


def test_esc_in_the_middle_reveals_and_keeps_what_was_rated(qtbot: QtBot, log: Path) -> None:
    dialog = opened(qtbot, log)
    dialog.start.click()
    QTest.keyClick(dialog.pair.left, Qt.Key.Key_3)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    settled(qtbot, dialog)
    assert dialog.isVisible() and dialog.outcome.heading.text().endswith("1 of 4 pairs rated.")
    assert dialog.outcome.preference.text() == "No text was preferred over the other."
    assert len(blind_rating.kept(log)) == 1
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_window_that_closes_keeps_what_was_rated(qtbot: QtBot, log: Path) -> None:
    dialog = opened(qtbot, log)
    dialog.start.click()
    QTest.keyClick(dialog.pair.left, Qt.Key.Key_0)
    dialog.shut_down()
    assert [rating.verdict for rating in blind_rating.kept(log)] == ["both_bad"]


def test_authors_with_the_same_texts_cannot_be_compared(qtbot: QtBot, log: Path) -> None:
    dialog = opened(qtbot, log, second="sprinter 0.99")
    assert dialog.choice.note.text() == f"0 prompts with different texts; {N} with the same text left out."
    assert not dialog.start.isEnabled()
    dialog.shut_down()


def test_what_cannot_be_rated_or_kept_is_said(qtbot: QtBot, log: Path) -> None:
    other = opened(qtbot, *(paths.runs() / "none" / name for name in ("a", "b")))
    assert "cannot be opened" in other.choice.note.text() and not other.start.isEnabled()
    other.shut_down()
    dialog = opened(qtbot, log)
    dialog.start.click()
    log.rename(log.with_name("moved"))
    QTest.keyClick(dialog.pair.left, Qt.Key.Key_1)
    dialog.reveal.click()
    settled(qtbot, dialog)
    assert dialog.outcome.saved.text().startswith("Not kept:") and "is gone" in dialog.outcome.saved.text()
    dialog.shut_down()
