"""Number boxes that show numbers as the locale writes them, and read a decimal point and a decimal comma alike."""

from typing import cast

from PySide6.QtCore import QEvent, QLocale, Qt
from PySide6.QtGui import QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

from engine.machine import number_text

_State = QValidator.State
_MODIFIERS = (Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)


class NumberBox(QDoubleSpinBox):
    """A box for numbers with decimals; shows no trailing zeros and leaves the wheel to the column that scrolls."""

    def textFromValue(self, value: float) -> str:  # noqa: N802 (Qt's name)
        """Write the number with the locale's digits and mark, without trailing zeros."""
        text = f"{value:.{self.decimals()}f}"
        n_decimals = len(text.rstrip("0").partition(".")[2])
        return _locale_of(self).toString(value, "f", n_decimals)

    def valueFromText(self, text: str) -> float:  # noqa: N802 (Qt's name)
        """Read the number in either spelling."""
        body = _body(self, text)
        if body == self.specialValueText() != "":
            return self.minimum()
        number = number_text.read_number(body) if self.decimals() else number_text.read_whole(body)
        return self.value() if number is None else float(number)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Accept what is a number of this box, and what may become one by more typing."""
        body = _body(self, text)
        number = number_text.read_number(body) if self.decimals() else number_text.read_whole(body)
        state = _state(self, body, number, self.minimum(), self.maximum())
        if state is _State.Acceptable and number is not None and round(number, self.decimals()) != number:
            state = _State.Invalid
        return state, text, position

    def fixup(self, text: str) -> str:
        """Leave unfinished text alone, so that the box returns to the number it had."""
        return text

    def event(self, event: QEvent) -> bool:
        """Take what was typed when the box is left, and before a shortcut, such as Ctrl+Enter, uses it."""
        handled = super().event(event)
        _take_typed(self, event, self.textFromValue(self.value()))
        return handled

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Ignore the wheel, which could change a number unnoticed."""
        event.ignore()


class WholeNumberBox(QSpinBox):
    """A box for whole numbers below 2^31, which reads grouped digits too."""

    def textFromValue(self, value: int) -> str:  # noqa: N802 (Qt's name)
        """Write the number with the locale's digits."""
        return _locale_of(self).toString(value)

    def valueFromText(self, text: str) -> int:  # noqa: N802 (Qt's name)
        """Read the number, grouped or not."""
        body = _body(self, text)
        if body == self.specialValueText() != "":
            return self.minimum()
        number = number_text.read_whole(body)
        return self.value() if number is None else number

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Accept what is a number of this box, and what may become one by more typing."""
        body = _body(self, text)
        return _state(self, body, number_text.read_whole(body), self.minimum(), self.maximum()), text, position

    def fixup(self, text: str) -> str:
        """Leave unfinished text alone, so that the box returns to the number it had."""
        return text

    def event(self, event: QEvent) -> bool:
        """Take what was typed when the box is left, and before a shortcut, such as Ctrl+Enter, uses it."""
        handled = super().event(event)
        _take_typed(self, event, self.textFromValue(self.value()))
        return handled

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """Ignore the wheel, which could change a number unnoticed."""
        event.ignore()


def _locale_of(box: QWidget) -> QLocale:
    """The locale of a box, without marks between groups of digits, which the next reader may take for decimals."""
    locale = QLocale(box.locale())
    locale.setNumberOptions(locale.numberOptions() | QLocale.NumberOption.OmitGroupSeparator)
    return locale


def _body(box: NumberBox | WholeNumberBox, text: str) -> str:
    """The text without the box's prefix and suffix."""
    return text.removeprefix(box.prefix()).removesuffix(box.suffix()).strip()


def _state(
    box: NumberBox | WholeNumberBox, body: str, number: float | None, least: float, most: float
) -> QValidator.State:
    if body == box.specialValueText() != "":
        return _State.Acceptable
    if number is None:
        is_begun = number_text.begins_number(body) and not (body.startswith("-") and least >= 0)
        return _State.Intermediate if is_begun else _State.Invalid
    if least <= number <= most:
        return _State.Acceptable
    # More digits lead away from zero, so a number beyond the bounds on its own side cannot come back.
    return _State.Invalid if number > max(most, 0) or number < min(least, 0) else _State.Intermediate


def _take_typed(box: NumberBox | WholeNumberBox, event: QEvent, as_number: str) -> None:
    """Take what was typed, and show it as the locale writes it, once the box is left or a shortcut is used."""
    if event.type() == QEvent.Type.FocusOut:
        is_special = box.value() == box.minimum() and box.specialValueText() != ""
        shown = box.specialValueText() if is_special else f"{box.prefix()}{as_number}{box.suffix()}"
        if box.text() != shown:
            box.lineEdit().setText(shown)
    if event.type() != QEvent.Type.ShortcutOverride or event.isAccepted():
        return
    key = cast(QKeyEvent, event)
    if key.modifiers() & Qt.KeyboardModifier.ControlModifier and key.key() not in _MODIFIERS:
        box.interpretText()
