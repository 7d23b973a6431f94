"""The dialog About Draftscope: what it is, the versions it runs with, and a button that copies them."""

import platform
import sys
from importlib import metadata

import PySide6
from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.theme.icon import application_icon
from app.widgets.labels import plain_label

_PROGRAM = "draftscope"
# Read from the packages' metadata, since importing them would take seconds.
_PACKAGES = (
    "pyqtgraph",
    "torch",
    "transformers",
    "safetensors",
    "sentence-transformers",
    "lancedb",
    "numba",
)
_ICON_SIDE, _HEADING_SCALE = 8 * theme.GRID, 1.4


def versions() -> tuple[tuple[str, str], ...]:
    """Names and versions of this program, Python, the system, and the packages that are installed."""
    return (
        (_PROGRAM, _version(_PROGRAM) or "not installed"),
        ("Python", platform.python_version()),
        ("Qt", qVersion()),
        ("PySide6", PySide6.__version__),
        *((name, version) for name in _PACKAGES if (version := _version(name))),
        ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


class AboutDialog(QDialog):
    """A non-modal window; Escape closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Draftscope"))
        self.versions = versions()
        picture = QLabel(self)
        picture.setPixmap(application_icon().pixmap(_ICON_SIDE, _ICON_SIDE))
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        picture.setAccessibleName(self.tr("Icon of Draftscope"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.copy = self.buttons.addButton(self.tr("Copy versions"), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setToolTip(self.tr("Copy the list, for a report of a fault"))
        self.copy.clicked.connect(self._copy)
        self.buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(2 * theme.GRID)
        row.addWidget(picture)
        row.addLayout(self._texts(), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * theme.GRID, 3 * theme.GRID, 3 * theme.GRID, 2 * theme.GRID)
        column.setSpacing(2 * theme.GRID)
        column.addLayout(row)
        column.addWidget(self.buttons)

    def show_beside(self) -> None:
        """Show the window, or bring it to the front."""
        self.show()
        self.raise_()
        self.activateWindow()

    def _texts(self) -> QVBoxLayout:
        heading = plain_label(self.tr("Draftscope"), self)
        heading.setFont(theme.scaled(heading.font(), _HEADING_SCALE, bold=True))
        what = self.tr("An oscilloscope for draft-and-verify language-model inference.")
        form = QFormLayout()
        form.setHorizontalSpacing(2 * theme.GRID)
        form.setVerticalSpacing(theme.HALF)
        for name, version in self.versions:
            value = plain_label(version, self)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setAccessibleName(name)
            form.addRow(plain_label(name, self, role="muted"), value)
        texts = QVBoxLayout()
        texts.setSpacing(theme.GRID)
        texts.addWidget(heading)
        texts.addWidget(plain_label(what, self))
        texts.addLayout(form)
        return texts

    def _copy(self) -> None:
        lines = [f"{name} {version}" for name, version in (*self.versions, ("executable", sys.executable))]
        QGuiApplication.clipboard().setText("\n".join(lines))
