"""Row of the settings for one folder: where it is, with buttons that change it, take it back, and show it."""

from pathlib import Path
from tempfile import TemporaryFile

from msgspec.structs import replace
from PySide6.QtCore import QCoreApplication, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app import theme
from app.text.plain_text import path_line, plain_tip
from app.widgets import path_line as paths_of_user
from app.widgets.labels import plain_label
from app.widgets.permission import allow
from engine.machine import folders, paths
from engine.machine.folders import FolderKind

_LONGEST_SHOWN = 44


class FolderRow(QWidget):
    """`changed` carries what happened, in words. in_use: the folder that counts until the next start."""

    changed = Signal(str)

    def __init__(self, kind: FolderKind, name: str, in_use: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self._kind, self._name, self._in_use = kind, name, in_use
        self.label = plain_label("", self)
        self.label.setAccessibleName(name)
        # As wide in every row, so that the buttons stand below each other.
        self.label.setMinimumWidth(_LONGEST_SHOWN * self.label.fontMetrics().averageCharWidth())
        self.change = self._button(self.tr("Change…"), self.tr("Choose another folder for {0}"))
        self.change.clicked.connect(self._ask)
        self.usual = self._button(self.tr("Usual place"), self.tr("Use the usual folder again for {0}"))
        self.usual.clicked.connect(lambda: self.choose(""))
        self.show_button = self._button(self.tr("Show"), self.tr("Show the folder {0}"))
        self.show_button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(_nearest(in_use)))))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.label, 1)
        for button in (self.change, self.usual, self.show_button):
            row.addWidget(button)
        self.show_choice()

    def show_choice(self) -> None:
        """Show the folder that is chosen for the next start, or the one in use."""
        chosen = folders.saved().of(self._kind)
        variable = folders.deciding_variable(self._kind)
        shown = str(self._in_use) if variable or not chosen else chosen
        self.label.setText(path_line(shown, longest=_LONGEST_SHOWN))
        self.label.setToolTip(plain_tip(shown))
        decided = self.tr("{0} is set: it says where this folder is").format(variable) if variable else ""
        allow(self.change, decided, self.tr("Choose another folder for {0}").format(self._name))
        nothing = "" if chosen else self.tr("it is in its usual place")
        allow(self.usual, decided or nothing, self.tr("Use the usual folder again for {0}").format(self._name))

    def choose(self, folder: str) -> None:
        """Choose a folder for the next start; empty for the usual one."""
        if refusal := _why_not(folder):
            self.changed.emit(self.tr("⚠ {0}: {1}").format(path_line(folder), refusal))
            return
        try:
            folders.save(replace(folders.saved(), **{self._kind: folder}))
        except OSError as err:
            self.changed.emit(self.tr("⚠ the choice could not be saved: {0}").format(err.strerror or str(err)))
            return
        self.show_choice()
        self.changed.emit(
            self.tr("{0}: counts from the next start; what is in the folder before stays there").format(self._name)
        )

    def _ask(self) -> None:
        paths_of_user.choose(self, self.tr("Choose a folder for {0}").format(self._name), self.choose)

    def _button(self, text: str, name: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setAccessibleName(name.format(self._name))
        return button


def _why_not(folder: str) -> str:
    """Why nothing can be kept in a folder; empty where it can, and for the usual one."""
    if not folder:
        return ""
    if not paths.is_text(folder):
        return _tr("its name is no text")
    if not Path(folder).is_absolute() or not Path(folder).is_dir():
        return _tr("this is no folder")
    try:
        TemporaryFile(dir=folder).close()
    except OSError as err:
        return err.strerror or str(err)
    return ""


def _tr(words: str) -> str:
    return QCoreApplication.translate("folders", words)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one around it that exists."""
    return next((place for place in (folder, *folder.parents) if place.is_dir()), Path.home())
