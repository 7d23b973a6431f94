"""Every colour, font and spacing, in a light and a dark scheme."""

from typing import Literal, NamedTuple, TypeAlias

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from app.theme.outline_style import OutlineStyle

Scheme: TypeAlias = Literal["light", "dark"]
StreamFate: TypeAlias = Literal[
    "prompt", "accepted", "unverified", "correction", "bonus", "rejected", "untested", "plain", "unmarked"
]  # fmt: skip

GRID = 8
HALF = GRID // 2
STREAM_SCALE = 1.15
HEADLINE_SCALE = 2.4
LINE_SCALE = 1.75
ZOOMS = (60, 70, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300)


class Colours(NamedTuple):
    """One scheme. `base` lies under text, `window` between panels, `chosen` under the selected round, `marked` under a
    range of text. `line` separates what space separates already; controls that must be seen have an `edge`.
    `found` frames search results; `doubted` to `trusted` tint an acceptance probability of 0 to 1."""

    window: str
    base: str
    line: str
    edge: str
    text: str
    muted: str
    accent: str
    on_accent: str
    chosen: str
    marked: str
    found: str
    good: str
    bad: str
    bad_tint: str
    bar_p: str
    bar_q: str
    doubted: str
    trusted: str
    prompt: str
    accepted: str
    unverified: str
    correction: str
    bonus: str
    rejected: str
    untested: str
    plain: str


# Fates are Okabe and Ito's hues, shaded to a contrast of at least 4.5 : 1 on every background they may have;
# bars, lines and edges keep 3 : 1. A test checks both.
LIGHT = Colours(
    window="#F4F5F7", base="#FFFFFF", line="#D9DCE1", edge="#7C848E", text="#14171A", muted="#5A6068",
    accent="#3D4EAC", on_accent="#FFFFFF", chosen="#EDEFFB", marked="#E7EAFD", found="#8A5700", good="#007353",
    bad="#AD4B00", bad_tint="#FDEFE4", bar_p="#5B6BC6", bar_q="#7C848E", doubted="#727AB6", trusted="#22338F",
    prompt="#66696C", accepted="#007353", unverified="#8A5700", correction="#0067A1", bonus="#9E3F76",
    rejected="#AD4B00", untested="#5F646B", plain="#14171A",
)  # fmt: skip
DARK = Colours(
    window="#1E2125", base="#17191C", line="#363B42", edge="#838B95", text="#E8EAED", muted="#A8AEB5",
    accent="#A5B1FF", on_accent="#15182B", chosen="#2A2F45", marked="#30365A", found="#EBAA22", good="#3CC69A",
    bad="#FF9152", bad_tint="#3A2A20", bar_p="#8A98F0", bar_q="#838B95", doubted="#7781B8", trusted="#C6CEFF",
    prompt="#A2A5A8", accepted="#3CC69A", unverified="#EBAA22", correction="#62B6F0", bonus="#E39AC4",
    rejected="#FF9152", untested="#A3A9B0", plain="#E8EAED",
)  # fmt: skip


def colours(scheme: Scheme) -> Colours:
    """The colours of a scheme."""
    return DARK if scheme == "dark" else LIGHT


def current() -> Colours:
    """The colours of the palette in use."""
    window = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if window.lightnessF() < 0.5 else LIGHT


def fate_colour(fate: StreamFate) -> QColor:
    """The text colour of a token; text without marks has that of tokens nobody drafted."""
    return QColor(getattr(current(), "plain" if fate == "unmarked" else fate))


def system_scheme() -> Scheme:
    """The scheme that the desktop asks for."""
    return "dark" if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"


def apply(app: QApplication, scheme: Scheme) -> None:
    """Set the style, the palette and the few rules that a palette cannot express."""
    c = colours(scheme)
    app.setStyle(OutlineStyle(edge=c.edge, focused=c.accent, disabled=c.line, ink=c.muted))
    app.setPalette(_palette(c))
    app.setStyleSheet(_rules(c))


def follow_system(app: QApplication) -> None:
    """Apply the desktop's scheme now and whenever it changes."""
    apply(app, system_scheme())
    app.styleHints().colorSchemeChanged.connect(lambda _: apply(app, system_scheme()))


def follow_font() -> None:
    """Apply a changed system font: styled widgets keep their old font until the style sheet is set again."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setStyleSheet(app.styleSheet())


def tabular(font: QFont) -> QFont:
    """The font with figures of equal width."""
    copy = QFont(font)
    copy.setFeature(QFont.Tag("tnum"), 1)
    return copy


def scaled(font: QFont, factor: float, *, bold: bool = False) -> QFont:
    """The font at a multiple of its size, so that text follows the system's size."""
    copy = QFont(font)
    if copy.pointSizeF() > 0:
        copy.setPointSizeF(copy.pointSizeF() * factor)
    else:
        copy.setPixelSize(round(copy.pixelSize() * factor))
    copy.setBold(bold)
    return copy


def of_height(font: QFont, pixels: float, *, bold: bool = False) -> QFont:
    """The font at a height in pixels with figures of equal width, for text whose size follows its window's."""
    copy = tabular(font)
    copy.setPixelSize(max(1, round(pixels)))
    copy.setBold(bold)
    return copy


def _palette(c: Colours) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette(QColor(c.window))
    for colour_role, colour in (
        (role.Window, c.window), (role.Base, c.base), (role.AlternateBase, c.window),
        (role.Button, c.window), (role.WindowText, c.text), (role.Text, c.text),
        (role.ButtonText, c.text), (role.ToolTipBase, c.base), (role.ToolTipText, c.text),
        (role.PlaceholderText, c.muted), (role.Highlight, c.accent),
        (role.HighlightedText, c.on_accent), (role.Link, c.accent), (role.Accent, c.accent),
    ):  # fmt: skip
        palette.setColor(colour_role, QColor(colour))
    for colour_role in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, colour_role, _faded(c))
    return palette


def _faded(c: Colours) -> QColor:
    return blend(QColor(c.muted), QColor(c.window), 0.6)


def blend(over: QColor, under: QColor, share: float) -> QColor:
    """The opaque colour of `over` laid on `under` with an opacity of `share`."""
    channels = ((over.redF(), under.redF()), (over.greenF(), under.greenF()), (over.blueF(), under.blueF()))
    red, green, blue = (share * a + (1 - share) * b for a, b in channels)
    return QColor.fromRgbF(red, green, blue)


def _rules(c: Colours) -> str:
    sheets = (_window_rules, _view_rules, _menu_and_slider_rules, _field_rules, _button_rules, _role_rules)
    return "".join(sheet(c) for sheet in sheets)


def _window_rules(c: Colours) -> str:
    return f"""
    QMainWindow::separator {{ background: {c.window}; width: {HALF}px; height: {HALF}px; }}
    QMainWindow::separator:hover {{ background: {c.line}; }}
    QDockWidget {{ color: {c.muted}; font-weight: 600; }}
    QDockWidget::title {{ background: transparent; padding: {GRID}px 0 {HALF}px {2 * GRID}px; }}
    QTabWidget::pane {{ border: 0; border-top: 1px solid {c.line}; }}
    QTabBar::tab {{ padding: {GRID - 1}px {2 * GRID}px; border: 0; color: {c.muted}; background: transparent; }}
    QTabBar::tab:selected {{ color: {c.text}; border-bottom: 2px solid {c.accent}; }}
    QTabBar::tab:focus {{ color: {c.accent}; }}
    QStatusBar {{ border-top: 1px solid {c.line}; }}
    QStatusBar::item {{ border: 0; }}
    QToolTip {{ color: {c.text}; background: {c.base}; border: 1px solid {c.line}; padding: {HALF}px; }}
    """


def _view_rules(c: Colours) -> str:
    return f"""
    QHeaderView {{ background: {c.base}; }}
    QHeaderView::section {{ background: {c.base}; color: {c.muted}; border: 0; border-bottom: 1px solid {c.line};
        padding: {HALF}px {GRID}px; }}
    QTableView {{ border: 0; selection-background-color: {c.chosen}; selection-color: {c.text}; }}
    QTableView::item {{ padding: 0 {GRID}px; }}
    QScrollArea {{ border: 0; background: transparent; }}
    QScrollBar {{ border: 0; background: {c.window}; }}
    QScrollBar:vertical {{ width: {GRID + HALF}px; }}
    QScrollBar:horizontal {{ height: {GRID + HALF}px; }}
    QScrollBar::handle {{ background: {c.edge}; border: 2px solid {c.window}; border-radius: {HALF}px; }}
    QScrollBar::handle:hover {{ background: {c.muted}; }}
    QScrollBar::handle:vertical {{ min-height: {3 * GRID}px; }}
    QScrollBar::handle:horizontal {{ min-width: {3 * GRID}px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: {c.window}; }}
    QAbstractScrollArea::corner {{ border: 0; background: {c.window}; }}
    """


def _menu_and_slider_rules(c: Colours) -> str:
    return f"""
    QComboBox QAbstractItemView {{ border: 1px solid {c.edge}; background: {c.base}; }}
    QMenu {{ border: 1px solid {c.edge}; }}
    QMenu::separator {{ height: 1px; background: {c.line}; margin: {HALF}px 0; }}
    QSlider::groove:horizontal {{ height: {HALF}px; border-radius: {HALF // 2}px; background: {c.edge}; }}
    QSlider::sub-page:horizontal {{ border-radius: {HALF // 2}px; background: {c.accent}; }}
    QSlider::handle:horizontal {{ width: {2 * GRID - 4}px; margin: -{HALF + 2}px 0; border-radius: {GRID - 1}px;
        border: 1px solid {c.accent}; background: {c.accent}; }}
    QSlider::handle:horizontal:focus {{ border-color: {c.text}; }}
    QSlider::sub-page:horizontal:disabled, QSlider::groove:horizontal:disabled {{ background: {c.line}; }}
    QSlider::handle:horizontal:disabled {{ background: {c.window}; border-color: {c.edge}; }}
    """


def _field_rules(c: Colours) -> str:
    return f"""
    QPlainTextEdit {{ border: 1px solid {c.edge}; border-radius: {HALF}px; background: {c.base}; }}
    QPlainTextEdit[role="lane"], QPlainTextEdit[role="lane"]:focus {{ border: 0; background: transparent; }}
    QPlainTextEdit:focus {{ border: 1px solid {c.accent}; }}
    QLineEdit[role="search"] {{ border: 1px solid {c.edge}; border-radius: {HALF}px; background: {c.base};
        padding: {HALF // 2}px {HALF}px; }}
    QLineEdit[role="search"]:focus {{ border: 1px solid {c.accent}; }}
    QCheckBox::indicator {{ border: 1px solid {c.edge}; border-radius: 2px; background: {c.base};
        width: {GRID + 1}px; height: {GRID + 1}px; padding: 2px; }}
    QCheckBox::indicator:checked {{ background: {c.accent}; background-clip: content; }}
    QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {c.text}; }}
    QCheckBox::indicator:disabled {{ border-color: {c.line}; }}
    """


def _button_rules(c: Colours) -> str:
    return f"""
    QPushButton {{ padding: {HALF + 1}px {GRID + HALF}px; border: 1px solid {c.edge}; border-radius: {HALF}px;
        background: {c.base}; color: {c.text}; }}
    QPushButton:hover {{ border-color: {c.text}; }}
    QPushButton:focus {{ border-color: {c.accent}; }}
    QPushButton:pressed {{ background: {c.chosen}; }}
    QPushButton:disabled {{ color: {_faded(c).name()}; background: {c.window};
        border-color: {c.line}; }}
    QToolButton[role="segment"] {{ padding: {HALF}px {GRID}px; border: 1px solid {c.edge}; background: {c.base};
        color: {c.text}; }}
    QToolButton[role="segment"]:checked {{ background: {c.chosen}; border-color: {c.accent}; color: {c.accent}; }}
    QToolButton[role="segment"]:focus {{ border-color: {c.text}; }}
    QPushButton[primary="true"] {{ background: {c.accent}; color: {c.on_accent}; border-color: {c.accent};
        font-weight: 600; padding: {HALF + 1}px {2 * GRID}px; }}
    QPushButton[primary="true"]:focus {{ border: 2px solid {c.text}; padding: {HALF}px {2 * GRID - 1}px; }}
    QPushButton[primary="true"]:disabled {{ background: {c.window}; color: {_faded(c).name()};
        border-color: {c.line}; }}
    """


def _role_rules(c: Colours) -> str:
    return f"""
    QLabel[role="muted"] {{ color: {c.muted}; }}
    QLabel[role="good"] {{ color: {c.good}; }}
    QLabel[role="bad"] {{ color: {c.bad}; }}
    QLabel[role="title"] {{ color: {c.muted}; font-weight: 600; }}
    QFrame[role="error"] {{ background: {c.bad_tint}; border-radius: {HALF}px; }}
    QFrame[role="sheet"] {{ background: {c.base}; }}
    """
