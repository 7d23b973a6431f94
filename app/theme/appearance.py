"""What the user chose of the window's looks: the colour scheme, and the font and size of all text."""

from typing import Literal, TypeAlias, get_args

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from app import theme

SchemeChoice: TypeAlias = Literal["system", "light", "dark"]
SCHEMES: tuple[SchemeChoice, ...] = get_args(SchemeChoice)
SIZES = (80, 90, 100, 110, 125, 150, 175, 200)
_SCHEME_KEY, _SIZE_KEY, _FONT_KEY = "window/scheme", "window/text-size", "window/font"
_QT_SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


class Appearance(QObject):
    """Applies nothing until something other than the system's looks is chosen. size: of text, in percent. font: the
    name of a family; empty for the system's.

    `changed`: one of the three was changed."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.scheme: SchemeChoice = "system"
        self.size = 100
        self.font = ""
        self._system_font = QFont(QApplication.font())

    def choose_scheme(self, scheme: SchemeChoice) -> None:
        """Use a scheme, or the one that the desktop asks for."""
        if scheme == self.scheme:
            return
        self.scheme = scheme
        app = _application()
        app.styleHints().setColorScheme(_QT_SCHEMES[scheme])
        # Where a platform knows no schemes, such as offscreen, nothing follows from the line above.
        theme.apply(app, theme.system_scheme() if scheme == "system" else scheme)
        self.changed.emit()

    def choose_size(self, percent: int) -> None:
        """Show all text at a percentage of the system font's size."""
        if percent == self.size or percent not in SIZES:
            return
        self.size = percent
        self._apply_font()

    def choose_font(self, family: str) -> None:
        """Show all text in a font; an empty name, or one that this system lacks, stands for the system's font."""
        known = family if family in font_families() else ""
        if known != self.font:
            self.font = known
            self._apply_font()

    @property
    def system_family(self) -> str:
        """The name of the system's font."""
        return self._system_font.family()

    def step_size(self, steps: int) -> None:
        """Show text some steps larger, or smaller for a negative number."""
        place = SIZES.index(self.size) + steps
        self.choose_size(SIZES[min(max(0, place), len(SIZES) - 1)])

    def save(self, settings: QSettings) -> None:
        """Save all three for the next start."""
        settings.setValue(_SCHEME_KEY, self.scheme)
        settings.setValue(_SIZE_KEY, self.size)
        settings.setValue(_FONT_KEY, self.font)

    def restore(self, settings: QSettings) -> None:
        """Restore what was saved; what is damaged is as the system has it."""
        scheme, size = settings.value(_SCHEME_KEY), str(settings.value(_SIZE_KEY, ""))
        self.choose_scheme(next((known for known in SCHEMES if known == scheme), "system"))
        self.choose_size(int(size) if size.isascii() and size.isdigit() else 100)
        if font := settings.value(_FONT_KEY):
            self.choose_font(str(font))

    def _apply_font(self) -> None:
        font = QFont(self._system_font)
        if self.font:
            font.setFamilies([self.font, *self._system_font.families()])
        _application().setFont(theme.scaled(font, self.size / 100))
        self.changed.emit()


def font_families() -> tuple[str, ...]:
    """The fonts of this system that have Latin letters, by name."""
    return tuple(QFontDatabase.families(QFontDatabase.WritingSystem.Latin))


def _application() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app
