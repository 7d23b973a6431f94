import pytest
from PySide6.QtGui import QColor, QPalette

from app import theme

FATES = ("prompt", "accepted", "correction", "bonus", "rejected", "untested", "plain", "unverified")


def _luminance(colour: str) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue, _ = QColor(colour).getRgbF()
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


# Every colour has one use here; a new one that is in none of these lists fails a test below.
BACKGROUNDS = ("window", "base", "chosen", "marked", "bad_tint")
TEXTS = (*FATES, "text", "muted", "good", "bad", "accent", "found")
GRAPHICS = ("edge", "bar_p", "bar_q", "doubted", "trusted")
DECORATION = ("line",)
ON_ITS_OWN = ("on_accent",)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", TEXTS)
def test_text_stands_out_from_everything_it_may_lie_on(scheme, name):
    colours = theme.colours(scheme)
    for under in (colours.base, colours.window, colours.chosen, colours.marked):
        assert _contrast(getattr(colours, name), under) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_on_the_accent_and_on_errors(scheme):
    colours = theme.colours(scheme)
    assert _contrast(colours.on_accent, colours.accent) >= 4.5
    for name in ("text", "bad"):
        assert _contrast(getattr(colours, name), colours.bad_tint) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", GRAPHICS)
def test_bars_lines_and_edges_stand_out_from_what_they_lie_on(scheme, name):
    colours = theme.colours(scheme)
    for under in (colours.base, colours.window, colours.chosen, colours.marked):
        assert _contrast(getattr(colours, name), under) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tint_of_a_probability_stands_out(scheme):
    colours = theme.colours(scheme)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        tint = theme.blend(QColor(colours.trusted), QColor(colours.doubted), share)
        assert all(_contrast(tint.name(), under) >= 3 for under in (colours.base, colours.chosen, colours.marked))


def test_every_colour_is_held_to_a_contrast():
    assert {*BACKGROUNDS, *TEXTS, *GRAPHICS, *DECORATION, *ON_ITS_OWN} == set(theme.Colours._fields)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_must_be_seen_to_be_used_has_an_edge(qapp, scheme):
    theme.apply(qapp, scheme)
    rules = qapp.styleSheet()
    theme.apply(qapp, "light")
    edge = f"border: 1px solid {theme.colours(scheme).edge}"
    for widget in (
        "QComboBox QAbstractItemView {",
        "QMenu {",
        "QPlainTextEdit {",
        'QLineEdit[role="search"] {',
        "QPushButton {",
        "QCheckBox::indicator {",
    ):
        assert edge in rules[rules.index(widget) :].partition("}")[0]


def test_the_palette_follows_the_scheme(qapp):
    theme.apply(qapp, "dark")
    assert theme.current() == theme.DARK
    theme.apply(qapp, "light")
    assert theme.current() == theme.LIGHT
    assert qapp.palette().color(QPalette.ColorRole.Base).name() == theme.LIGHT.base.lower()
