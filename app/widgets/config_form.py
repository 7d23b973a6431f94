"""Builds a form from config structs: one control per field, with bounds and help from msgspec.Meta."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import NamedTuple, TypeAlias

import msgspec
from msgspec import inspect
from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QWidget

from app import theme
from app.text.plain_text import plain_tip
from app.widgets.choice_box import ChoiceBox
from app.widgets.elided_line_edit import ElidedLineEdit
from app.widgets.labels import plain_label
from app.widgets.number_box import NumberBox
from app.words.choice_names import with_names
from engine.events import Setting

_LARGEST_INT = 2**53
_DECIMALS = 3
# A line of text so long may be cut in a column of settings.
_LONG = 16


class Field(NamedTuple):
    """A setting as the form shows it. zero: the name of 0, empty where 0 is a number like any other.

    decimals: places after the point, 0 for an integer."""

    name: str
    title: str
    help: str
    kind: inspect.Type
    default: Setting
    zero: str = ""
    decimals: int = _DECIMALS


def fields_of(kind: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The settings of a config struct, in its order."""
    struct = inspect.type_info(kind)
    assert isinstance(struct, inspect.StructType)
    return tuple(_field(field) for field in struct.fields)


def _field(field: inspect.Field) -> Field:
    kind, words = _split_meta(field.type)
    title = words.get("title", field.name.replace("_", " ").capitalize())
    decimals = 0 if isinstance(kind, inspect.IntType) else int(words.get("decimals", _DECIMALS))
    return Field(field.name, title, words.get("description", ""), kind, field.default, words.get("zero", ""), decimals)


def _split_meta(kind: inspect.Type) -> tuple[inspect.Type, dict[str, str]]:
    """A field's type without its Meta, and the words of the Meta: title, description and so on."""
    if isinstance(kind, inspect.Metadata):
        return kind.type, kind.extra_json_schema or {}
    return kind, {}


_Control: TypeAlias = NumberBox | QCheckBox | ChoiceBox | QLineEdit


class ConfigForm(QWidget):
    """Shows the settings of one of several config structs, which share the controls of identical fields.

    `changed`: a setting was edited. `rest` holds the folded settings, for its owner to place."""

    changed = Signal()

    def __init__(
        self,
        kinds: type[msgspec.Struct] | Sequence[type[msgspec.Struct]],
        parent: QWidget,
        *,
        first: Sequence[str] = (),
        without: Sequence[str] = (),
        folded: Sequence[str] = (),
    ) -> None:
        """kinds: the first one is shown. first: settings placed before the others; without: settings left out.

        folded: those that are in `rest`."""
        super().__init__(parent)
        self._controls: list[tuple[Field, _Control]] = []
        self._controls_of_kind: dict[type[msgspec.Struct], dict[str, _Control]] = {}
        self._layout = _form_layout(self)
        self.rest = QWidget(self)
        self._folded = tuple(folded)
        self._rest_layout = _form_layout(self.rest)
        structs = (kinds,) if isinstance(kinds, type) else kinds
        fields = [(kind, field) for kind in structs for field in fields_of(kind) if field.name not in without]
        ranks = {name: rank for rank, name in enumerate(first)}
        for kind, field in sorted(fields, key=lambda entry: ranks.get(entry[1].name, len(first))):
            self._controls_of_kind.setdefault(kind, {})[field.name] = self._control_for(field)
        self.limit_to(structs[0])

    def values(self, kind: type[msgspec.Struct]) -> dict[str, Setting]:
        """The current settings that `kind` has."""
        controls = self._controls_of_kind.get(kind, self._visible_controls)
        return {name: self._value(controls[name]) for name in kind.__struct_fields__ if name in controls}

    def set_values(self, values: Mapping[str, Setting]) -> None:
        """Set the settings that the form has, for every kind, within their bounds."""
        for field, control in self._controls:
            value = values.get(field.name)
            if value is None:
                continue
            if isinstance(control, QCheckBox):
                control.setChecked(bool(value))
            elif isinstance(control, ChoiceBox):
                control.choose(str(value))
            elif isinstance(control, QLineEdit):
                control.setText(str(value))
            elif isinstance(value, int | float):
                control.setValue(float(value))

    def save(self, settings: QSettings, group: str) -> None:
        """Store every setting for the next start."""
        for key, control in self._keys(group):
            settings.setValue(key, self._value(control))

    def restore(self, settings: QSettings, group: str) -> None:
        """Restore the stored settings; a control whose stored value is invalid stays as it is."""
        for key, control in self._keys(group):
            if isinstance(control, QCheckBox):
                control.setChecked(bool(settings.value(key, control.isChecked(), type=bool)))
            elif isinstance(control, ChoiceBox):
                control.choose(str(settings.value(key, control.value())))
            elif isinstance(control, QLineEdit):
                control.setText(str(settings.value(key, control.text())))
            else:
                control.setValue(_number(settings.value(key), control.value()))

    def limit_to(self, kind: type[msgspec.Struct]) -> None:
        """Show the settings of one kind only."""
        self._visible_controls = self._controls_of_kind[kind]
        for field, control in self._controls:
            self._layout_of(field).setRowVisible(control, control in self._visible_controls.values())

    @property
    def n_changed_in_rest(self) -> int:
        """How many of the settings in `rest` differ from their defaults."""
        return sum(
            field.name in self._folded and self._value(control) != field.default
            for field, control in self._controls
            if control in self._visible_controls.values()
        )

    def _layout_of(self, field: Field) -> QFormLayout:
        return self._rest_layout if field.name in self._folded else self._layout

    def add_above(self, title: str, widget: QWidget) -> None:
        """Insert a row with another widget above the settings."""
        label = plain_label(title, self)
        label.setBuddy(widget)
        label.setToolTip(widget.toolTip())
        self._layout.insertRow(0, label, widget)

    def has(self, name: str) -> bool:
        """Whether the form has a setting."""
        return any(field.name == name for field, _ in self._controls)

    def control(self, name: str) -> _Control:
        """The control of a setting; the visible one where there are several."""
        return self._visible_controls.get(name) or next(
            control for field, control in self._controls if field.name == name
        )

    def _keys(self, group: str) -> Iterator[tuple[str, _Control]]:
        """The key that stores each control; a later control of the same field name gets a number appended."""
        names: list[str] = []
        for field, control in self._controls:
            n_before = names.count(field.name)
            yield f"{group}/{field.name}" + (f"-{n_before}" if n_before else ""), control
            names.append(field.name)

    def _value(self, control: _Control) -> Setting:
        if isinstance(control, QCheckBox):
            return control.isChecked()
        if isinstance(control, ChoiceBox):
            return control.value()
        if isinstance(control, QLineEdit):
            return control.text()
        is_int = next(isinstance(field.kind, inspect.IntType) for field, other in self._controls if other is control)
        return int(control.value()) if is_int else control.value()

    def _control_for(self, field: Field) -> _Control:
        """The control of a field, shared by all kinds with an identical field."""
        for other, control in self._controls:
            if other == field:
                return control
        self._controls.append((field, self._add_control(field)))
        return self._controls[-1][1]

    def _add_control(self, field: Field) -> _Control:
        control: _Control
        layout, tip = self._layout_of(field), field.help
        if isinstance(field.kind, inspect.BoolType):
            control = self._checkbox(field)
            layout.addRow(control)
        else:
            match field.kind:
                case inspect.LiteralType():
                    control = self._list(field)
                    tip = with_names(field.name, field.help, map(str, field.kind.values))
                case inspect.StrType():
                    control = self._line(field)
                case _:
                    control = self._spin(field)
            label = plain_label(field.title, self)
            label.setBuddy(control)
            label.setToolTip(tip)
            layout.addRow(label, control)
        control.setToolTip(tip)
        control.setAccessibleName(field.title)
        control.setAccessibleDescription(tip)
        return control

    def _checkbox(self, field: Field) -> QCheckBox:
        box = QCheckBox(field.title, self)
        box.setChecked(bool(field.default))
        box.toggled.connect(self.changed)
        return box

    def _list(self, field: Field) -> ChoiceBox:
        assert isinstance(field.kind, inspect.LiteralType)
        box = ChoiceBox(field.name, [str(value) for value in field.kind.values], self)
        box.choose(str(field.default))
        box.currentIndexChanged.connect(self.changed)
        return box

    def _line(self, field: Field) -> QLineEdit:
        line = ElidedLineEdit(str(field.default), self)
        line.setProperty("role", "search")  # gives the line a frame that is visible in both schemes
        line.textChanged.connect(lambda text: line.setToolTip(_tip_with(text, field.help)))
        line.textChanged.connect(self.changed)
        return line

    def _spin(self, field: Field) -> NumberBox:
        """A double spin box, for integers too, because Qt's integer box ends at 2^31."""
        assert isinstance(field.kind, inspect.IntType | inspect.FloatType)
        is_int = isinstance(field.kind, inspect.IntType)
        box = NumberBox(self)
        box.setDecimals(field.decimals)
        box.setSingleStep(1 if is_int else 0.1)
        if field.decimals > _DECIMALS:
            box.setStepType(NumberBox.StepType.AdaptiveDecimalStepType)
        box.setRange(*_bounds(field.kind, step=10**-field.decimals))
        box.setSpecialValueText(field.zero)
        box.setValue(float(field.default or 0))
        box.setFont(theme.tabular(box.font()))
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        # Otherwise the range of a seed would make the box as wide as its largest number.
        box.setMinimumWidth(max(9 * theme.GRID, box.fontMetrics().horizontalAdvance("0") * 6 + 4 * theme.GRID))
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.valueChanged.connect(self.changed)
        return box


def _tip_with(text: str, meaning: str) -> str:
    """The meaning of a line, below its text where that may be cut, as a path is."""
    return plain_tip(f"{text}\n{meaning}") if len(text) > _LONG else meaning


def _form_layout(parent: QWidget) -> QFormLayout:
    layout = QFormLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setVerticalSpacing(theme.GRID - 2)
    layout.setHorizontalSpacing(theme.GRID)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return layout


def _bounds(kind: inspect.IntType | inspect.FloatType, *, step: float) -> tuple[float, float]:
    low = kind.ge if kind.ge is not None else None if kind.gt is None else kind.gt + step
    high = kind.le if kind.le is not None else None if kind.lt is None else kind.lt - step
    return (float(-_LARGEST_INT if low is None else low), float(_LARGEST_INT if high is None else high))


def _number(stored: object, default: float) -> float:
    """Parse a stored number; the default if it is missing or not a finite number."""
    try:
        number = default if stored is None else float(str(stored))
    except ValueError:
        return default
    return number if isfinite(number) else default
