import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QLabel

from app import theme
from app.theme.appearance import Appearance, font_families
from app.widgets.labels import SteadyLabel


@pytest.fixture
def appearance(qtbot):
    """Choices whose effect ends with the test."""
    app = QApplication.instance()
    font, sheet, palette, style = app.font(), app.styleSheet(), app.palette(), app.style().objectName()
    chosen = Appearance()
    yield chosen
    chosen.choose_size(100)
    app.setFont(font)
    app.setStyle(style)
    app.setPalette(palette)
    app.setStyleSheet(sheet)


def test_all_text_follows_the_chosen_size(appearance, qtbot):
    label, steady = QLabel("words"), SteadyLabel("words", None)
    for each in (label, steady):
        qtbot.addWidget(each)
    before, width = label.font().pointSizeF(), steady.width()
    appearance.choose_size(150)
    QApplication.processEvents()
    assert label.font().pointSizeF() == pytest.approx(1.5 * before)
    assert steady.width() > width
    appearance.choose_size(100)
    QApplication.processEvents()
    assert label.font().pointSizeF() == pytest.approx(before)


def test_steps_end_at_the_smallest_and_the_largest_size(appearance):
    for steps, size in ((1, 110), (-2, 90), (-9, 80), (99, 200)):
        appearance.step_size(steps)
        assert appearance.size == size


def test_a_font_of_this_system_is_used_at_the_chosen_size_and_an_unknown_one_is_not(appearance, tmp_path):
    family = font_families()[0]
    appearance.choose_size(125)
    appearance.choose_font(family)
    font = QApplication.font()
    assert font.families()[0] == family and font.pointSizeF() == 1.25 * appearance._system_font.pointSizeF()
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    appearance.save(settings)
    appearance.choose_font("no such font")
    assert appearance.font == "" and QApplication.font().family() == appearance.system_family
    appearance.restore(settings)
    assert appearance.font == family
    appearance.choose_font("")


def test_a_scheme_is_used_against_the_systems_and_given_back(appearance):
    for scheme, colours in (("dark", theme.DARK), ("light", theme.LIGHT)):
        appearance.choose_scheme(scheme)
        assert theme.current() == colours
    appearance.choose_scheme("system")
    assert theme.current() == theme.colours(theme.system_scheme())


@pytest.mark.parametrize("stored", [("dark", 125), ("light", 100), ("system", 80)])
def test_choices_come_back_at_the_next_start(appearance, tmp_path, stored):
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    appearance.choose_scheme(stored[0])
    appearance.choose_size(stored[1])
    appearance.save(settings)
    settings.sync()
    again = Appearance()
    again.restore(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))
    assert (again.scheme, again.size) == stored


@pytest.mark.parametrize(("scheme", "size"), [("blue", "nan"), ("", "-5"), ("dark ", "1e9"), ("系", "１２５")])
def test_damaged_choices_are_those_of_the_system(appearance, tmp_path, scheme, size):
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    settings.setValue("window/scheme", scheme)
    settings.setValue("window/text-size", size)
    appearance.restore(settings)
    assert (appearance.scheme, appearance.size) == ("system", 100)
