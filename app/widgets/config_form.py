"""A form made from a config struct: one control a field, bounds and help from msgspec.Meta; knows no method."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

import msgspec
from msgspec import inspect
from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QFormLayout, QWidget

from app import theme
from app.widgets.labels import plain_label
from app.widgets.steady_box import SteadyBox
from engine.events import Setting

_LARGEST_INT = 2**53
_DECIMALS = 3


class Field(NamedTuple):
    """What the form says of a setting. zero: what a 0 is called, empty where it is a number like any other.

    decimals: places after the point, none where it is an integer."""

    name: str
    title: str
    help: str
    kind: inspect.Type
    default: Setting
    zero: str = ""
    decimals: int = _DECIMALS


def fields_of(kind: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The settings of a config struct, in its order."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    return tuple(_field(field) for field in described.fields)


def _field(field: inspect.Field) -> Field:
    kind, said = _said(field.type)
    title = said.get("title", field.name.replace("_", " ").capitalize())
    decimals = 0 if isinstance(kind, inspect.IntType) else int(said.get("decimals", _DECIMALS))
    return Field(field.name, title, said.get("description", ""), kind, field.default, said.get("zero", ""), decimals)


def _said(kind: inspect.Type) -> tuple[inspect.Type, dict[str, str]]:
    """A field's type without its Meta, and what the Meta says in words."""
    if isinstance(kind, inspect.Metadata):
        return kind.type, kind.extra_json_schema or {}
    return kind, {}


class _NumberBox(QDoubleSpinBox):
    """Writes a number without the zeros that say nothing; the wheel scrolls the column it stands in."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        """A wheel never changes a number unseen."""
        event.ignore()

    def textFromValue(self, value: float) -> str:  # noqa: N802 (Qt's name)
        """The number as shortly as its decimals allow."""
        text = f"{value:.{self.decimals()}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class ConfigForm(QWidget):
    """Shows a config struct's settings; `changed` says that one was edited."""

    changed = Signal()

    def __init__(
        self, kind: type[msgspec.Struct], parent: QWidget, *, first: Sequence[str] = (), without: Sequence[str] = ()
    ) -> None:
        """first: the settings that come before the others; without: those that are chosen elsewhere."""
        super().__init__(parent)
        self._controls: dict[str, QDoubleSpinBox | QCheckBox | QComboBox] = {}
        self._ints: set[str] = set()
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setVerticalSpacing(theme.GRID - 2)
        self._layout.setHorizontalSpacing(theme.GRID)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields = {field.name: field for field in fields_of(kind) if field.name not in without}
        for name in (*first, *(name for name in fields if name not in first)):
            self._add(fields[name])

    def values(self, kind: type[msgspec.Struct]) -> dict[str, Setting]:
        """The settings as they stand, those that `kind` has."""
        return {name: self._value(name) for name in kind.__struct_fields__ if name in self._controls}

    def set_values(self, values: Mapping[str, Setting]) -> None:
        """Set the settings that the form has; the bounds hold."""
        for name, value in values.items():
            control = self._controls.get(name)
            if isinstance(control, QCheckBox):
                control.setChecked(bool(value))
            elif isinstance(control, QComboBox):
                control.setCurrentText(str(value))
            elif control is not None and isinstance(value, int | float):
                control.setValue(float(value))

    def save(self, settings: QSettings, group: str) -> None:
        """Keep every setting for the next start."""
        for name in self._controls:
            settings.setValue(f"{group}/{name}", self._value(name))

    def restore(self, settings: QSettings, group: str) -> None:
        """Take up those of the last time; one that was edited into something else stays as it is."""
        for name, control in self._controls.items():
            if isinstance(control, QCheckBox):
                control.setChecked(bool(settings.value(f"{group}/{name}", control.isChecked(), type=bool)))
            elif isinstance(control, QComboBox):
                control.setCurrentText(str(settings.value(f"{group}/{name}", control.currentText())))
            else:
                control.setValue(_number(settings.value(f"{group}/{name}"), control.value()))

    def limit_to(self, kind: type[msgspec.Struct]) -> None:
        """Show only the settings that `kind` has."""
        for name, control in self._controls.items():
            self._layout.setRowVisible(control, name in kind.__struct_fields__)

    def add_above(self, title: str, widget: QWidget) -> None:
        """Put a row of another kind before the settings."""
        label = plain_label(title, self)
        label.setBuddy(widget)
        label.setToolTip(widget.toolTip())
        self._layout.insertRow(0, label, widget)

    def control(self, name: str) -> QDoubleSpinBox | QCheckBox | QComboBox:
        """The control of a setting."""
        return self._controls[name]

    def _value(self, name: str) -> Setting:
        control = self._controls[name]
        if isinstance(control, QCheckBox):
            return control.isChecked()
        if isinstance(control, QComboBox):
            return control.currentText()
        return int(control.value()) if name in self._ints else control.value()

    def _add(self, field: Field) -> None:
        control: QDoubleSpinBox | QCheckBox | QComboBox
        if isinstance(field.kind, inspect.BoolType):
            control = self._checkbox(field)
            self._layout.addRow(control)
        else:
            control = self._list(field) if isinstance(field.kind, inspect.LiteralType) else self._spin(field)
            label = plain_label(field.title, self)
            label.setBuddy(control)
            label.setToolTip(field.help)
            self._layout.addRow(label, control)
        control.setToolTip(field.help)
        control.setAccessibleName(field.title)
        control.setAccessibleDescription(field.help)
        self._controls[field.name] = control

    def _checkbox(self, field: Field) -> QCheckBox:
        box = QCheckBox(field.title, self)
        box.setChecked(bool(field.default))
        box.toggled.connect(self.changed)
        return box

    def _list(self, field: Field) -> QComboBox:
        assert isinstance(field.kind, inspect.LiteralType)
        box = SteadyBox(self)
        box.addItems([str(value) for value in field.kind.values])
        box.setCurrentText(str(field.default))
        box.currentTextChanged.connect(self.changed)
        return box

    def _spin(self, field: Field) -> QDoubleSpinBox:
        """A double box for integers too: Qt's integer box ends at 2^31."""
        assert isinstance(field.kind, inspect.IntType | inspect.FloatType)
        is_int = isinstance(field.kind, inspect.IntType)
        box = _NumberBox(self)
        box.setDecimals(field.decimals)
        box.setSingleStep(1 if is_int else 0.1)
        if field.decimals > _DECIMALS:
            box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        box.setRange(*_bounds(field.kind, step=10**-field.decimals))
        box.setSpecialValueText(field.zero)
        box.setValue(float(field.default or 0))
        box.setFont(theme.tabular(box.font()))
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        # The range of a seed would otherwise ask for a box as wide as its largest number.
        box.setMinimumWidth(max(9 * theme.GRID, box.fontMetrics().horizontalAdvance("0") * 6 + 4 * theme.GRID))
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.valueChanged.connect(self.changed)
        if is_int:
            self._ints.add(field.name)
        return box


def _bounds(kind: inspect.IntType | inspect.FloatType, *, step: float) -> tuple[float, float]:
    low = kind.ge if kind.ge is not None else None if kind.gt is None else kind.gt + step
    high = kind.le if kind.le is not None else None if kind.lt is None else kind.lt - step
    return (float(-_LARGEST_INT if low is None else low), float(_LARGEST_INT if high is None else high))


def _number(stored: object, default: float) -> float:
    """A stored number; the default where there is none or it is no number."""
    try:
        number = default if stored is None else float(str(stored))
    except ValueError:
        return default
    return number if isfinite(number) else default
