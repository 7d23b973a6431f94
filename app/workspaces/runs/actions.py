"""The actions on kept runs, shared by buttons, context menu and keys, each with the reason why it cannot be done."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias, get_args

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app import workspaces
from app.state.store import RunStore
from app.widgets.permission import allow
from engine.events import GATE_ROWS, GATE_SWEEP, GATE_TRAINING, WorkKind
from engine.store.rows import RunRow

RunAction: TypeAlias = Literal[
    "open", "replay", "compare", "rate", "what_if", "export", "import", "rename", "tag", "delete", "restore", "undo",
    "find",
]  # fmt: skip
# Which tab shows which kind of work.
_VIEWS: Mapping[WorkKind, str] = {"run": "decode", "comparison": "compare", "training": "train"}
# Trainings of several models, which the tab Train does not show.
_OF_SEVERAL = ("builtin", "compare-objectives")
# Work of other kinds than runs on a gate: its rows, its training, and a sweep over its thresholds.
_ON_GATES = (GATE_ROWS, GATE_TRAINING, GATE_SWEEP)
# More would not fit side by side.
MOST_COMPARED = 6


class Chosen(NamedTuple):
    """What the actions are asked for. n: number of selected runs; rows: of the first ones, as far as they are known.

    deleted: whether deleted runs are listed; can_undo: whether something was deleted lately."""

    n: int
    rows: tuple[RunRow, ...]
    deleted: bool
    can_undo: bool


def tr(words: str) -> str:
    """Translate a text of an action."""
    return QCoreApplication.translate("run_actions", words)


def why_not(action: RunAction, chosen: Chosen, store: RunStore) -> str:
    """Why an action is unavailable for what is selected; empty where it is available."""
    match action:
        case "import" | "find":
            return ""
        case "undo":
            return "" if chosen.can_undo else tr("nothing was deleted")
        case "restore":
            return _needs_some(chosen) or ("" if chosen.deleted else tr("it is not deleted"))
        case "export":
            return _needs_some(chosen)
        case _ if chosen.deleted:
            return tr("it is deleted: restore it first")
        case "delete" | "tag":
            return _needs_some(chosen)
        case "compare":
            return _why_not_compared(chosen)
        case "rate":
            return _why_not_rated(chosen)
        case "rename":
            return _needs_one(chosen)
        case "open" | "replay" | "what_if":
            return _needs_one(chosen) or _why_not_read(action, chosen.rows[0], store)


def _needs_some(chosen: Chosen) -> str:
    return "" if chosen.n else tr("select a run first")


def _needs_one(chosen: Chosen) -> str:
    if chosen.n > 1:
        return tr("select a single run")
    return "" if chosen.rows else tr("select a run first")


def _why_not_compared(chosen: Chosen) -> str:
    if chosen.n < 2:
        return tr("select two or more runs: Ctrl+click, or Shift and the arrow keys")
    return "" if chosen.n <= MOST_COMPARED else tr("select at most {0} runs").format(MOST_COMPARED)


def _why_not_rated(chosen: Chosen) -> str:
    """Why there are no two texts of one prompt to rate; what only the texts tell is said by the dialog."""
    rows = chosen.rows
    if any(row.state == "running" for row in rows):
        return tr("it is still running")
    if chosen.n == 2 and len(rows) == 2 and all(row.kind == "run" for row in rows):
        return "" if rows[0].prompt == rows[1].prompt else tr("the two runs have different prompts")
    if chosen.n == 1 and rows and _has_several_texts(rows[0]):
        return ""
    return tr("select two runs of one prompt, or a comparison, or a sweep of thresholds")


def _has_several_texts(row: RunRow) -> bool:
    if row.kind == "comparison":
        return row.method != "race"
    return row.kind == "measurement" and row.method == GATE_SWEEP


def _why_not_read(action: RunAction, row: RunRow, store: RunStore) -> str:
    if action == "what_if" and row.method == "race":
        return tr("a race measures nothing to predict from")
    if action == "what_if":
        return "" if row.kind in ("run", "comparison") else tr("only runs and comparisons have drafts to replay")
    if action == "replay" and row.kind != "run":
        return tr("only a run can be replayed")
    if _view(row) not in workspaces.views():
        return tr("no tab of this window shows it; export it to read it elsewhere")
    return tr("a file is being read or written") if store.reading else ""


def _view(row: RunRow) -> str:
    """The view that shows a run; empty where there is none."""
    if row.method == "race":
        return "presentation"
    if row.method in _ON_GATES and row.kind in ("measurement", "training"):
        return "approximate"
    return "" if row.method in _OF_SEVERAL else _VIEWS.get(row.kind, "")


class RunActions(QObject):
    """One QAction for each. slots: what they do."""

    def __init__(self, slots: Mapping[RunAction, Callable[[], object]], parent: QWidget) -> None:
        super().__init__(parent)
        self._reasons: dict[RunAction, str] = {}
        self._buttons: list[tuple[QPushButton, RunAction]] = []
        self.by_name = {name: self._action(name, slots[name], parent) for name in get_args(RunAction)}

    def refresh(self, chosen: Chosen, store: RunStore) -> None:
        """Update what is possible."""
        for name, action in self.by_name.items():
            reason = why_not(name, chosen, store)
            if self._reasons.get(name) != reason:
                self._reasons[name] = reason
                action.setEnabled(not reason)
                action.setToolTip(reason or _TIPS[name])
        for button, name in self._buttons:
            allow(button, self._reasons[name], tr(_TIPS[name]))

    def reason(self, name: RunAction) -> str:
        """Why an action is unavailable; empty where it is available."""
        return self._reasons.get(name, "")

    def button(self, name: RunAction, parent: QWidget) -> QPushButton:
        """A button for an action."""
        button = QPushButton(tr(_TEXTS[name]), parent)
        button.clicked.connect(self.by_name[name].trigger)
        self._buttons.append((button, name))
        return button

    def menu(self, parent: QWidget, *, deleted: bool) -> QMenu:
        """The context menu of what is selected."""
        menu = QMenu(parent)
        menu.setToolTipsVisible(True)
        groups: tuple[tuple[RunAction, ...], ...] = (
            (("restore",), ("export",))
            if deleted
            else (("open", "replay"), ("compare", "rate", "what_if"), ("rename", "tag"), ("export",), ("delete",))
        )
        for group in groups:
            menu.addActions([self.by_name[name] for name in group])
            menu.addSeparator()
        return menu

    def _action(self, name: RunAction, slot: Callable[[], object], parent: QWidget) -> QAction:
        action = QAction(tr(_TEXTS[name]), parent)
        action.setShortcuts([QKeySequence(key) for key in _KEYS.get(name, ())])
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(lambda _checked=False: slot())
        parent.addAction(action)
        return action


_KEYS: Mapping[RunAction, tuple[str, ...]] = {
    "rename": ("F2",), "delete": ("Del",), "undo": ("Ctrl+Z",), "find": ("/",), "export": ("Ctrl+E",),
}  # fmt: skip
_TEXTS: Mapping[RunAction, str] = {
    "open": "Open", "replay": "Replay", "compare": "Compare", "rate": "Rate blind…", "what_if": "What if…",
    "export": "Export…", "import": "Import…", "rename": "Rename", "tag": "Edit tags", "delete": "Delete",
    "restore": "Restore", "undo": "Undo deletion", "find": "Search",
}  # fmt: skip
_TIPS: Mapping[RunAction, str] = {
    "open": "Show the run in its own tab (Enter)",
    "replay": "Show the run again at the speed that was measured; needs no model",
    "compare": "Settings and figures of the selected runs side by side, differences marked",
    "rate": "Say which of two texts of a prompt is better, not knowing what wrote them: of two runs or a comparison",
    "what_if": "What another γ, a faster drafter or a lenient rule would bring, replayed without a model",
    "export": "Write the selected runs to a file (Ctrl+E)",
    "import": "Take in runs from trace files; the files stay as they are",
    "rename": "Give the run a title of your own (F2)",
    "tag": "Change the tags of the selected runs",
    "delete": "Delete the selected runs; Undo brings them back (Del)",
    "restore": "Bring the selected runs back",
    "undo": "Bring back what was deleted last (Ctrl+Z)",
    "find": "Type to filter (Ctrl+F or /)",
}
