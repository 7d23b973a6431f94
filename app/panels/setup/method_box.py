"""The methods of a tab to choose from, each with what it does; found by discovery."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app import theme
from app.widgets.labels import plain_label
from app.widgets.steady_box import SteadyBox
from engine import methods
from engine.method import MethodSpec


class MethodBox(QWidget):
    """`chosen` says that another method was picked by hand."""

    chosen = Signal()

    def __init__(self, workspace: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.methods = {name: spec for name, spec in methods.discover().items() if spec.workspace == workspace}
        self.box = SteadyBox(self)
        for spec in sorted(self.methods.values(), key=lambda spec: (not spec.lossless, not spec.drafted, spec.title)):
            self.box.addItem(spec.title, spec.name)
        self.box.setAccessibleName(self.tr("Method"))
        self.note = plain_label("", self, role="muted", wraps=True)
        self.box.activated.connect(self._pick)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.box)
        column.addWidget(self.note)
        self._tell()

    @property
    def method(self) -> MethodSpec:
        """The one that is chosen."""
        return self.methods[self.box.currentData()]

    def choose(self, name: str) -> None:
        """Choose a method of the tab; another one changes nothing."""
        if name in self.methods:
            self.box.setCurrentIndex(self.box.findData(name))
            self._tell()

    def fit_drafter(self, *, drafted: bool) -> None:
        """Where there is no drafter, choose a method that needs none, and the other way round."""
        if self.method.drafted != drafted:
            self.choose(next(spec.name for spec in self._in_order() if spec.drafted == drafted))

    def _pick(self) -> None:
        self._tell()
        self.chosen.emit()

    def _in_order(self) -> list[MethodSpec]:
        return [self.methods[self.box.itemData(row)] for row in range(self.box.count())]

    def _tell(self) -> None:
        spec = self.method
        exact = self.tr("Exact") if spec.lossless else self.tr("Approximate")
        source = f" ({spec.paper})" if spec.paper else ""
        self.note.setText(f"{exact.lower()} · {spec.paper}" if spec.paper else exact.lower())
        self.box.setToolTip(f"{spec.title}{source}. {exact}: {spec.help}")
