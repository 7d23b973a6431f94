"""Box to choose one of a tab's methods, with a note on what it does; methods come from discovery."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.widgets.labels import plain_label
from app.widgets.steady_box import SteadyBox
from engine import methods
from engine.method import MethodSpec


class MethodBox(QWidget):
    """`chosen` is emitted when the user picks a method."""

    chosen = Signal()

    def __init__(self, workspace: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.methods = {name: spec for name, spec in methods.discover().items() if spec.workspace == workspace}
        self.box = SteadyBox(self)
        for spec in sorted(self.methods.values(), key=lambda spec: (not spec.lossless, not spec.drafted, spec.title)):
            self.box.addItem(spec.title, spec.name)
        self.box.setAccessibleName(self.tr("Method"))
        self.note = plain_label("", self, role="muted", wraps=True)
        self.box.activated.connect(self._on_activated)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.box)
        column.addWidget(self.note)
        self._update_note()

    @property
    def method(self) -> MethodSpec:
        """The chosen method."""
        return self.methods[self.box.currentData()]

    def choose(self, name: str) -> None:
        """Choose a method of the tab; an unknown name changes nothing."""
        if name in self.methods:
            self.box.setCurrentIndex(self.box.findData(name))
            self._update_note()

    def fit_drafter(self, *, drafted: bool) -> None:
        """Choose a method that fits: one that drafts if there is a drafter, else one that needs none."""
        if self.method.drafted != drafted:
            self.choose(next(spec.name for spec in self._in_order() if spec.drafted == drafted))

    def _on_activated(self) -> None:
        self._update_note()
        self.chosen.emit()

    def _in_order(self) -> list[MethodSpec]:
        return [self.methods[self.box.itemData(row)] for row in range(self.box.count())]

    def _update_note(self) -> None:
        spec = self.method
        exact = self.tr("Exact") if spec.lossless else self.tr("Approximate")
        source = f" ({spec.paper})" if spec.paper else ""
        self.note.setText(f"{exact.lower()} · {spec.paper}" if spec.paper else exact.lower())
        self.box.setToolTip(f"{spec.title}{source}. {exact}: {spec.help}")
