"""Button with the settings that all lanes share, such as temperature and device, and a policy to compare besides."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta
from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.panels.setup import pair_form
from app.panels.setup.policy_fields import show_policy_fields
from app.text.plain_text import one_line
from app.widgets.choice_box import ChoiceBox
from app.widgets.config_form import ConfigForm
from app.widgets.focus import tab_through
from app.widgets.labels import plain_label
from app.widgets.popup_button import PopupButton
from app.workspaces.compare import policy_choice
from app.workspaces.compare.policy_choice import ChosenPolicy, PolicyFields
from engine.commands import Load
from engine.events import Setting
from engine.settings import ChatConfig

_FIRST = ("temperature", "max_new_tokens", "seed", "repeats", "thresholds")
_WIDTH = 40 * theme.GRID


class LaneSettings(ChatConfig, frozen=True):
    """What all lanes share, how often each prompt is continued, and lanes with gates."""

    repeats: Annotated[
        int, Meta(ge=1, le=100, title="Repeats", description="times each lane continues each prompt; the median counts")
    ] = 1
    thresholds: Annotated[
        str,
        Meta(
            title="Gates from",
            description="thresholds such as 0.5, 0.8: one more lane for each and each drafter that is a model, "
            "approximate, since a gate lets tokens through untested; empty: none",
        ),
    ] = ""


class MoreBox(PopupButton):
    """`changed`: a setting was edited."""

    changed = Signal()

    def __init__(self, pair: Load, parent: QWidget) -> None:
        tip = self.tr(
            "Temperature, length, seed, repeats and where the models run, the same for every lane; and a policy"
        )
        super().__init__(self.tr("More"), tip, parent)
        self.form = ConfigForm(LaneSettings, self.sheet, first=_FIRST)
        self.policies = ConfigForm(PolicyFields, self.sheet)
        of_device, of_dtype, of_runtime = pair_form.computing_tips()
        self.device = self._box(pair_form.DEVICES, pair.device, self.tr("Device"), of_device)
        self.dtype = self._box(pair_form.DTYPES, pair.dtype, self.tr("Number format"), of_dtype)
        self.runtime = self._box(pair_form.RUNTIMES, pair.runtime, self.tr("Forward pass"), of_runtime)
        self._lay_out()
        self.form.changed.connect(self._on_changed)
        self.policies.changed.connect(self._on_changed)
        self._on_changed()

    def settings(self) -> dict[str, Setting]:
        """The settings of all lanes."""
        return self.form.values(ChatConfig)

    def repeats(self) -> int:
        """How often each lane continues each prompt."""
        repeats = self.form.values(LaneSettings)["repeats"]
        return repeats if isinstance(repeats, int) else 1

    def thresholds(self) -> str:
        """The thresholds of gates, as written."""
        return str(self.form.values(LaneSettings)["thresholds"])

    def where(self) -> tuple[str, str, str]:
        """Device, number type and forward."""
        return self.device.value(), self.dtype.value(), self.runtime.value()

    def policy(self) -> ChosenPolicy:
        """The settings of the lanes that a policy adds; empty where none is chosen."""
        return policy_choice.as_settings(self.policies.values(PolicyFields))

    def show_choice(
        self, settings: Mapping[str, Setting], where: tuple[str, str, str], policy: ChosenPolicy = ()
    ) -> None:
        """Choose these settings; where: device, number type and forward."""
        self.form.set_values(settings)
        self.policies.set_values(policy_choice.as_values(policy))
        for box, value in zip((self.device, self.dtype, self.runtime), where, strict=True):
            if box.findData(value) < 0:
                box.addItem(one_line(value), value)
            box.choose(value)

    def save(self, settings: QSettings) -> None:
        """Save the settings."""
        self.form.save(settings, "compare/settings")
        self.policies.save(settings, "compare/policy")

    def restore(self, settings: QSettings) -> None:
        """Restore the saved settings."""
        self.form.restore(settings, "compare/settings")
        self.policies.restore(settings, "compare/policy")

    def _on_changed(self) -> None:
        show_policy_fields(self.policies)
        self.changed.emit()

    def _box(self, options: tuple[str, ...], current: str, name: str, tip: str) -> ChoiceBox:
        setting = "runtime" if options is pair_form.RUNTIMES else ""
        box = ChoiceBox(setting, [*options, *([] if current in options else [current])], self.sheet)
        box.choose(current)
        box.setAccessibleName(name)
        box.setToolTip(tip)
        box.currentIndexChanged.connect(lambda _row: self.changed.emit())
        return box

    def _lay_out(self) -> None:
        where = QFormLayout()
        where.setVerticalSpacing(theme.GRID - 2)
        where.setHorizontalSpacing(theme.GRID)
        where.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, box in (
            (self.tr("Device"), self.device),
            (self.tr("Number format"), self.dtype),
            (self.tr("Forward pass"), self.runtime),
        ):
            label = plain_label(text, self.sheet)
            label.setBuddy(box)
            label.setToolTip(box.toolTip())
            label.setMinimumWidth(self.fontMetrics().horizontalAdvance(self.tr("Number format")))
            where.addRow(label, box)
        # Side by side: one below the other, they would be higher than a small screen.
        beside = QVBoxLayout()
        beside.setSpacing(2 * theme.GRID)
        beside.addLayout(where)
        beside.addWidget(self.policies)
        beside.addStretch(1)
        columns = QHBoxLayout()
        columns.setSpacing(3 * theme.GRID)
        columns.addWidget(self.form, 1)
        columns.addLayout(beside, 1)
        tab_through(columns)
        self.sheet.column.addLayout(columns)
        self.sheet.setFixedWidth(2 * _WIDTH)
