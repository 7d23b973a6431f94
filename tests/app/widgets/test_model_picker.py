import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QWidget

from app.widgets.model_picker import ModelChoice, ModelPicker

CHOICES = (
    ModelChoice("builtin", "builtin", "16 MB", "built in"),
    ModelChoice("org/other", "org/other", "1 GB", "", "its tokenizer differs: token 3"),
    ModelChoice("/m/<b>x</b>\n\u202ey", "<b>x</b>\n\u202ey", "", "/m/<b>x</b>\n\u202ey"),
)


@pytest.fixture
def picker(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    made = ModelPicker("builtin", "Target", "what is preserved", window)
    made.set_choices(CHOICES)
    window.resize(400, 200)
    window.show()
    yield made
    made.hidePopup()
    window.close()


def test_what_cannot_serve_is_listed_with_its_reason_and_cannot_be_chosen(picker):
    item = picker.model().item(1)
    assert not item.isEnabled()
    assert "why not: its tokenizer differs: token 3" in item.toolTip()
    assert "why not: its tokenizer differs: token 3" in item.accessibleText()
    assert picker.model().item(0).isEnabled()


def test_a_row_gives_its_spec_however_it_is_shown(picker, qtbot):
    with qtbot.waitSignal(picker.spec_changed):
        picker.activated.emit(2)
    assert picker.spec() == "/m/<b>x</b>\n\u202ey"
    assert picker.currentText() == "/m/<b>x</b>⏎⟨U+202E⟩y"
    assert "<b>" not in picker.toolTip()


def test_names_of_others_are_never_markup_or_control(picker):
    item = picker.model().item(2)
    assert item.text() == "<b>x</b>⏎⟨U+202E⟩y"
    assert "<b>" not in item.toolTip()
    assert "\u202e" not in item.toolTip() + item.accessibleText()


def test_anything_may_be_typed(picker, qtbot):
    picker.lineEdit().selectAll()
    with qtbot.waitSignals([picker.spec_changed] * 3):
        qtbot.keyClicks(picker.lineEdit(), "o/x")
    assert picker.spec() == "o/x"


@pytest.mark.parametrize(("row", "signal"), [(3, "folder_asked"), (4, "file_asked"), (5, "look_asked")])
def test_the_last_rows_ask_and_choose_nothing(picker, qtbot, row, signal):
    picker.setCurrentIndex(row)
    with qtbot.waitSignal(getattr(picker, signal)):
        picker.activated.emit(row)
    assert (picker.spec(), picker.currentText()) == ("builtin", "builtin")


def test_the_wheel_and_the_arrows_never_change_the_model_unseen(picker, qtbot):
    at = QPointF(5, 5)
    wheel = QWheelEvent(
        at, picker.mapToGlobal(at), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    picker.wheelEvent(wheel)
    qtbot.keyClick(picker, Qt.Key.Key_Down)
    assert picker.spec() == "builtin"
    assert picker.view().isVisible()


def test_the_list_opens_at_what_is_chosen(picker):
    picker.set_spec(CHOICES[2].spec)
    picker.showPopup()
    assert picker.view().currentIndex().row() == 2
    picker.hidePopup()
    picker.set_spec("typed/elsewhere")
    picker.showPopup()
    assert picker.currentText() == "typed/elsewhere"


def test_the_same_choices_are_not_laid_out_again(picker):
    before = picker.model().item(0)
    picker.set_choices(list(CHOICES))
    assert picker.model().item(0) is before
    picker.set_choices(CHOICES[:1])
    assert picker.choices() == CHOICES[:1]
    assert picker.count() == 4
