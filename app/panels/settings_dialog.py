"""The page of settings: colours, font and size of text, the engine's threads and process, the folders in use."""

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from app import theme
from app.choices import engine_threads
from app.panels.folder_row import FolderRow
from app.state.engine_choice import EngineChoice
from app.theme.appearance import SCHEMES, SIZES, Appearance, font_families
from app.widgets.labels import plain_label
from app.widgets.note_label import NoteLabel
from app.widgets.number_box import WholeNumberBox
from app.widgets.steady_box import SteadyBox
from engine.machine import paths, threads

_WIDTH = 80 * theme.GRID
_FONT_CHARACTERS = 24
_NOTE_LINES = 3


class SettingsDialog(QDialog):
    """A non-modal window; every choice counts at once and is kept. settings: None keeps nothing."""

    def __init__(
        self, appearance: Appearance, engine: EngineChoice, settings: QSettings | None, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self._appearance, self._engine, self._settings = appearance, engine, settings
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(2 * theme.GRID)
        self._form.setVerticalSpacing(theme.GRID)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        self._add_looks()
        self._add_engine()
        self._add_folders()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(3 * theme.GRID, 2 * theme.GRID, 3 * theme.GRID, 2 * theme.GRID)
        column.setSpacing(2 * theme.GRID)
        column.addLayout(self._form)
        column.addStretch(1)
        column.addWidget(buttons)
        self.setMinimumWidth(_WIDTH)
        appearance.changed.connect(self.show_choices)
        # Once the new font has reached every row.
        appearance.changed.connect(lambda: QTimer.singleShot(0, self, self._fit))
        self.show_choices()

    def show_beside(self) -> None:
        """Show the window, or bring it to the front."""
        self.show_choices()
        self.show()
        self.raise_()
        self.activateWindow()
        self._fit()
        self.scheme.setFocus()

    def show_choices(self) -> None:
        """Show what is chosen now, here or by a menu."""
        self.scheme.setCurrentIndex(SCHEMES.index(self._appearance.scheme))
        self.font_family.setCurrentIndex(max(0, self.font_family.findData(self._appearance.font)))
        self.text_size.setCurrentIndex(SIZES.index(self._appearance.size))
        self.process.setChecked(self._engine.kind == "process")

    def _fit(self) -> None:
        """Fit the window to its text; Qt's own way stops at two thirds of the screen and forgets wrapped lines."""
        layout, hint = self.layout(), self.sizeHint()
        assert layout is not None
        self.resize(hint.width(), max(hint.height(), layout.totalHeightForWidth(hint.width())))

    def _add_looks(self) -> None:
        names = {"system": self.tr("as the system"), "light": self.tr("light"), "dark": self.tr("dark")}
        self.scheme = self._box([names[scheme] for scheme in SCHEMES], self.tr("Colour scheme"))
        self.scheme.activated.connect(lambda place: self._appearance.choose_scheme(SCHEMES[place]))
        self.font_family = self._box([self.tr("as the system")], self.tr("Font"))
        self.font_family.setItemData(0, "")
        self.font_family.setMinimumContentsLength(_FONT_CHARACTERS)
        self.font_family.setToolTip(self.tr("The system's font is {0}").format(self._appearance.system_family))
        for family in font_families():
            self.font_family.addItem(family, family)
        self.font_family.activated.connect(
            lambda place: self._appearance.choose_font(str(self.font_family.itemData(place)))
        )
        self.text_size = self._box([f"{percent} %" for percent in SIZES], self.tr("Size of text"))
        self.text_size.setToolTip(self.tr("Of the system font; Ctrl++ and Ctrl+− change it anywhere, Ctrl+0 is 100 %"))
        self.text_size.activated.connect(lambda place: self._appearance.choose_size(SIZES[place]))
        self._head(self.tr("Appearance"))
        self._row(self.tr("Colour scheme"), self.scheme)
        self._row(self.tr("Font"), self.font_family)
        self._row(self.tr("Size of text"), self.text_size)

    def _add_engine(self) -> None:
        self.threads = WholeNumberBox(self)
        self.threads.setRange(0, engine_threads.MOST_THREADS)
        self.threads.setSpecialValueText(self.tr("as many as cores ({0})").format(threads.usable_cores()))
        self.threads.setAccessibleName(self.tr("Threads of the engine"))
        self.threads.setToolTip(self.tr("0 uses every core; never more than there are cores"))
        self.threads.setValue(0 if self._settings is None else engine_threads.saved(self._settings))
        self.threads.valueChanged.connect(self._save_threads)
        self.process = QCheckBox(self.tr("Run the engine in a process of its own"), self)
        self.process.setToolTip(
            self.tr("A crash then costs the run under way, not the window; the next run loads anew")
        )
        self.process.toggled.connect(lambda on: self._engine.choose("process" if on else "thread"))
        self._head(self.tr("Engine"))
        self._row(self.tr("Threads"), self.threads)
        self._form.addRow("", self.process)
        note = self.tr(
            "Another number of threads counts when the engine starts: with Run ▸ Restart engine, or next time."
        )
        self._form.addRow(self._note(note))

    def _add_folders(self) -> None:
        self._head(self.tr("Folders"))
        self.folders = (
            FolderRow("data", self.tr("Runs and results"), paths.user_data(), self),
            FolderRow("cache", self.tr("Caches"), paths.user_cache(), self),
            FolderRow("models", self.tr("Downloaded models"), paths.hub_cache(), self),
        )
        self.folder_note = NoteLabel(_NOTE_LINES, self, role="muted")
        self.folder_note.setText(
            self.tr(
                "Another folder counts from the next start, for the commands too; what is in the folder before stays "
                "there. XDG_DATA_HOME, XDG_CACHE_HOME and HF_HUB_CACHE come first where they are set."
            )
        )
        for row in self.folders:
            self._row(row.label.accessibleName(), row)
            row.changed.connect(self.folder_note.setText)
        self._form.addRow(self.folder_note)

    def _box(self, entries: list[str], name: str) -> SteadyBox:
        box = SteadyBox(self)
        box.addItems(entries)
        box.setMinimumContentsLength(max(map(len, entries)))
        box.setAccessibleName(name)
        return box

    def _head(self, title: str) -> None:
        self._form.addRow(plain_label(title, self, role="title"))

    def _row(self, title: str, field: QWidget) -> None:
        label = plain_label(title, self)
        label.setBuddy(field)
        self._form.addRow(label, field)

    def _note(self, text: str) -> QLabel:
        return plain_label(text, self, role="muted", wraps=True)

    def _save_threads(self, n_threads: int) -> None:
        if self._settings is not None:
            engine_threads.save(self._settings, n_threads)
