"""Button to choose which kinds of questions are asked: of the built-in world, or of a file of the user's own."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from app.panels.dataset_box import BUILTIN
from app.text.plain_text import one_line, plain_tip
from app.widgets.permission import allow
from app.widgets.popup_button import PopupButton
from engine.evaluation.config import USUAL_KINDS, listed
from engine.evaluation.datasets import kinds_at_beginning
from engine.world.questions import QUESTION_KINDS

_LONGEST = 40


def tr(text: str) -> str:
    """Translate a text about kinds of questions."""
    return QCoreApplication.translate("kinds", text)


class KindsBox(PopupButton):
    """`changed` is emitted when another choice is made. The kinds of a file are those of its beginning."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Kinds"), tr("Which kinds of questions are asked"), parent)
        self.setAccessibleName(tr("Kinds of questions"))
        self._boxes: dict[str, QCheckBox] = {}
        self._usual: tuple[str, ...] = ()
        self.show_dataset(BUILTIN)

    def show_dataset(self, dataset: str) -> None:
        """Offer the kinds of another set of questions, the usual ones chosen: of a file all."""
        is_builtin = dataset == BUILTIN
        kinds = QUESTION_KINDS if is_builtin else kinds_at_beginning(Path(dataset))
        self._usual = USUAL_KINDS if is_builtin else kinds
        for box in self._boxes.values():
            self.sheet.column.removeWidget(box)
            box.deleteLater()
        self._boxes = {kind: self._box(kind) for kind in kinds}
        why_not = "" if kinds else tr("the questions of this file have no kinds")
        allow(self, why_not, tr("Which kinds of questions are asked"))
        self._show()

    def value(self) -> str:
        """Return the chosen kinds, separated by commas; empty where these are the usual ones."""
        chosen = self._chosen()
        return "" if chosen == self._usual else ",".join(chosen)

    def why_not(self) -> str:
        """Return why nothing can be asked; empty where something can."""
        return tr("no kind of question is chosen") if self._boxes and not self._chosen() else ""

    def choose(self, kinds: str) -> None:
        """Choose kinds, separated by commas; empty: the usual ones. Those that there are not are left out."""
        names = listed(kinds) or self._usual
        for kind, box in self._boxes.items():
            box.setChecked(kind in names)

    def _chosen(self) -> tuple[str, ...]:
        return tuple(kind for kind, box in self._boxes.items() if box.isChecked())

    def _box(self, kind: str) -> QCheckBox:
        name = one_line(kind.replace("_", " "), longest=_LONGEST)
        box = QCheckBox(name.replace("&", "&&"), self.sheet)
        box.setToolTip(plain_tip(tr("Ask questions of the kind {0}").format(name)))
        box.setChecked(kind in self._usual)
        box.toggled.connect(self._on_toggled)
        self.sheet.column.addWidget(box)
        return box

    def _on_toggled(self) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        chosen = self._chosen()
        if chosen == self._usual:
            self.show_text(tr("Kinds: all") if len(chosen) == len(self._boxes) else tr("Kinds: the usual ones"))
        else:
            self.show_text(tr("Kinds: {0} of {1}").format(len(chosen), len(self._boxes)))
