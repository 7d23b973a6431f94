"""Choice of what a drafter starts from, with what drafters of the target's own layers would cost, and the settings that
only a LongSpec block has."""

from collections.abc import Mapping

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.widgets.config_form import ConfigForm
from app.widgets.labels import plain_label
from app.widgets.path_line import PathLine
from app.widgets.steady_box import SteadyBox
from app.workspaces.train import words
from engine.events import Setting, TrainingEstimated
from engine.training.drafter_config import OF_LONGSPEC, STARTS, DrafterConfig, StartName


class StartChoice(QWidget):
    """A list of starts, the folder of the model or the settings that one of them needs, and a line for each size of own
    layers.

    `changed`: a choice was changed. `sizes` comes with an estimate, so its owner places it where nothing follows."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        tip = self.tr(
            "The drafter's first weights. Own layers begin with what the target knows; embedding and head stay."
        )
        self.box = SteadyBox(self)
        self.box.addItems([words.start(name) for name in STARTS])
        self.box.setAccessibleName(self.tr("Start from"))
        self.box.setToolTip(tip)
        self.folder = PathLine(
            self.tr("Folder to start from"),
            self.tr("A smaller model with the target's tokenizer, to be trained on."),
            self,
        )
        self.folder.line.setPlaceholderText(self.tr("a folder with a smaller model"))
        self.folder.add_button(self.tr("Choose…"), self.tr("Choose the folder of a model"))
        self.sizes = plain_label("", self, role="muted", wraps=True)
        self.sizes.setFont(theme.tabular(self.font()))
        self.sizes.setAccessibleName(self.tr("What drafters of the target's own layers would cost"))
        self.sizes.setToolTip(
            self.tr(
                "c: time of a drafter step ÷ time of a target step. A drafter pays above the acceptance rate α named."
            )
        )
        others = [name for name in DrafterConfig.__struct_fields__ if name not in OF_LONGSPEC]
        self.longspec = ConfigForm(DrafterConfig, self, without=others)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        for widget in (self.box, self.folder, self.longspec):
            column.addWidget(widget)
        self.sizes.hide()
        self._show_needed()
        self.box.currentIndexChanged.connect(self._on_changed)
        self.folder.changed.connect(self.changed)
        self.longspec.changed.connect(self.changed)

    @property
    def name(self) -> StartName:
        """The start that is chosen."""
        return STARTS[self.box.currentIndex()]

    def values(self) -> dict[str, Setting]:
        """The settings of a training that are chosen here."""
        folder = self.folder.text().strip() if self.name == "folder" else ""
        of_block = self.longspec.values(DrafterConfig) if self.name == "longspec" else {}
        return {"start": self.name, "start_folder": folder, **of_block}

    def set_values(self, values: Mapping[str, Setting]) -> None:
        """Choose what the settings of a training say."""
        name = values.get("start", STARTS[0])
        self.box.setCurrentIndex(next((i for i, other in enumerate(STARTS) if other == name), 0))
        self.folder.setText(str(values.get("start_folder") or ""))
        self.longspec.set_values(values)

    def show_sizes(self, estimate: TrainingEstimated | None) -> None:
        """Show what drafters of own layers would cost; nothing where that is unknown or no such drafter is chosen."""
        lines = words.sizes(estimate) if estimate is not None and estimate.start == "own-layers" else ()
        self.sizes.setText("\n".join(lines))
        self.sizes.setVisible(bool(lines))

    def save(self, settings: QSettings) -> None:
        """Save the choices."""
        settings.setValue("train/start", self.name)
        settings.setValue("train/start_folder", self.folder.text())
        self.longspec.save(settings, "train")

    def restore(self, settings: QSettings) -> None:
        """Restore the saved choices."""
        self.set_values({key: str(settings.value(f"train/{key}", "")) for key in ("start", "start_folder")})
        self.longspec.restore(settings, "train")

    def _on_changed(self) -> None:
        self._show_needed()
        self.changed.emit()

    def _show_needed(self) -> None:
        self.folder.setVisible(self.name == "folder")
        self.longspec.setVisible(self.name == "longspec")
