import re
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from app.widgets.number_box import NumberBox, WholeNumberBox

LOCALES = ("de_DE", "fr_FR", "ar_EG", "en_US", "C", "de_CH", "hi_IN", "fa_IR")


@pytest.fixture(params=LOCALES)
def locale(request):
    """A locale in which every widget is made; the tests' own comes back."""
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield QLocale(request.param)
    QLocale.setDefault(before)


def _number_box(qtbot) -> NumberBox:
    box = NumberBox()
    qtbot.addWidget(box)
    box.setDecimals(3)
    box.setRange(0, 100)
    box.show()
    return box


def _whole_box(qtbot) -> WholeNumberBox:
    box = WholeNumberBox()
    qtbot.addWidget(box)
    box.setRange(0, 99_999)
    box.show()
    return box


def _type(box: QAbstractSpinBox, keys: str) -> None:
    box.setFocus()
    box.selectAll()
    if keys.isascii():
        QTest.keyClicks(box, keys)
    else:
        box.lineEdit().insert(keys)  # as an input method does; QTest has no such keys
    QTest.keyClick(box, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("keys", "number"), [("0.7", 0.7), ("0,7", 0.7), ("1.25", 1.25), (",5", 0.5), ("12", 12), ("٠٫٧", 0.7)]
)
def test_either_spelling_is_read_in_every_locale(qtbot, locale, keys, number):
    box = _number_box(qtbot)
    _type(box, keys)
    assert box.value() == number


def test_what_is_shown_is_what_is_used_in_every_locale(qtbot, locale):
    box = _number_box(qtbot)
    box.setValue(0.8)
    box.setFocus()
    box.lineEdit().setCursorPosition(3)
    QTest.keyClicks(box, "5")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 0.85
    assert box.text() == locale.toString(0.85, "f", 2)


def test_a_box_that_is_left_shows_the_number_as_the_locale_writes_it(qtbot, locale):
    window = QWidget()
    qtbot.addWidget(window)
    box, other = _number_box(qtbot), _whole_box(qtbot)
    for each in (box, other):
        each.setParent(window)
        each.show()
    window.show()
    window.activateWindow()
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    box.selectAll()
    QTest.keyClicks(box, "0.70")
    other.setFocus()
    assert (box.value(), box.text()) == (0.7, locale.toString(0.7, "f", 1))


def test_steps_and_values_keep_to_the_locale(qtbot, locale):
    box = _number_box(qtbot)
    box.setSingleStep(0.1)
    box.setSuffix(" ×")
    box.setValue(1.5)
    box.stepUp()
    assert (box.value(), box.cleanText()) == (1.6, locale.toString(1.6, "f", 1))
    _type(box, "2,5")
    assert box.value() == 2.5


@pytest.mark.parametrize(("keys", "number"), [("4", 4), ("1.000", 1000), ("1,000", 1000), ("1 000", 1000), ("٤", 4)])
def test_a_whole_number_is_read_with_or_without_groups_in_every_locale(qtbot, locale, keys, number):
    box = _whole_box(qtbot)
    _type(box, keys)
    assert box.value() == number
    assert not re.search(r"[.,\s]", box.text())


@pytest.mark.parametrize("make", [_number_box, _whole_box])
@pytest.mark.parametrize("keys", ["", "-", "abc"])
def test_what_is_no_number_leaves_the_box_as_it_was(qtbot, make, keys):
    box = make(qtbot)
    box.setValue(3)
    box.setFocus()
    box.selectAll()
    QTest.keyClick(box, Qt.Key.Key_Delete)
    QTest.keyClicks(box, keys)
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert (box.value(), box.text()) == (3, "3")


def test_more_decimals_than_the_box_keeps_cannot_be_typed(qtbot):
    box = _number_box(qtbot)
    _type(box, "0,12345")
    assert (box.value(), box.text()) == (0.123, box.textFromValue(0.123))


def test_a_number_beyond_the_bounds_cannot_be_typed(qtbot):
    box = _number_box(qtbot)
    _type(box, "1000")
    assert box.value() == 100


@pytest.mark.parametrize("make", [_number_box, _whole_box])
def test_a_shortcut_uses_what_was_typed(qtbot, make):
    window = QWidget()
    qtbot.addWidget(window)
    box, used = make(qtbot), []
    box.setParent(window)
    box.setValue(3)
    QShortcut(QKeySequence("Ctrl+Return"), window, activated=lambda: used.append(box.text()))
    window.show()
    window.activateWindow()
    box.setFocus()
    box.selectAll()
    QTest.keyClick(box, Qt.Key.Key_Delete)
    QTest.keyClick(box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert (box.text(), box.value()) == ("3", 3)


@pytest.mark.parametrize("make", [_number_box, _whole_box])
def test_the_words_for_the_least_value_are_read(qtbot, make):
    box = make(qtbot)
    box.setSpecialValueText("all")
    box.setValue(5)
    _type(box, "0")
    assert (box.value(), box.text()) == (0, "all")
    box.interpretText()
    assert box.value() == 0


def test_no_other_number_box_stands_in_the_window():
    app = Path(__file__).parents[3] / "app"
    bare = re.compile(r"\bQ(?:Double)?SpinBox\(|QInputDialog|QDoubleValidator")
    files = [path for path in app.rglob("*.py") if path.name != "number_box.py"]
    assert [path.name for path in files if bare.search(path.read_text(encoding="utf-8"))] == []
