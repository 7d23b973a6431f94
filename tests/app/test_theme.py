import pytest
from PySide6.QtGui import QColor, QPalette

from app import theme

FATES = ("prompt", "accepted", "correction", "bonus", "rejected", "untested", "plain")


def _luminance(colour: str) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue, _ = QColor(colour).getRgbF()
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*FATES, "text", "muted", "good", "bad", "accent"])
def test_text_stands_out_from_everything_it_may_lie_on(scheme, name):
    colours = theme.colours(scheme)
    for under in (colours.base, colours.window, colours.chosen):
        assert _contrast(getattr(colours, name), under) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_on_the_accent_and_on_errors(scheme):
    colours = theme.colours(scheme)
    assert _contrast(colours.on_accent, colours.accent) >= 4.5
    assert _contrast(colours.text, colours.bad_tint) >= 4.5


def test_the_palette_follows_the_scheme(qapp):
    theme.apply(qapp, "dark")
    assert theme.current() == theme.DARK
    theme.apply(qapp, "light")
    assert theme.current() == theme.LIGHT
    assert qapp.palette().color(QPalette.ColorRole.Base).name() == theme.LIGHT.base.lower()
