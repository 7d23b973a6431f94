import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel, QScrollArea, QSlider, QSpinBox, QStyle, QWidget

from app import theme


@pytest.fixture(params=["light", "dark"])
def colours(request, qapp):
    theme.apply(qapp, request.param)
    yield theme.current()
    theme.apply(qapp, "light")


@pytest.fixture
def window(qtbot, colours):
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(300, 200)
    return made


def _has(picture, colour, rows):
    return any(picture.pixelColor(x, y) == QColor(colour) for y in rows for x in range(picture.width()))


@pytest.mark.parametrize("kind", [QSpinBox, QDoubleSpinBox, QComboBox])
def test_every_field_has_an_edge_and_one_that_cannot_be_used_a_faint_one(window, colours, kind):
    field = kind(window)
    field.resize(120, 28)
    assert _has(field.grab().toImage(), colours.edge, range(28))
    field.setEnabled(False)
    assert not _has(field.grab().toImage(), colours.edge, range(28))


def test_a_choice_that_can_be_typed_into_has_an_edge(window, colours):
    field = QComboBox(window)
    field.setEditable(True)
    field.resize(120, 28)
    assert _has(field.grab().toImage(), colours.edge, range(28))


def test_the_handle_of_a_slider_has_the_accent(window, colours):
    slider = QSlider(Qt.Orientation.Horizontal, window)
    slider.resize(120, 28)
    assert _has(slider.grab().toImage(), colours.accent, range(28))


def test_the_groove_of_a_scroll_bar_is_of_the_window(window, colours):
    area = QScrollArea(window)
    area.setWidget(QLabel("\n".join(["text"] * 100), area))
    area.resize(120, 100)
    bar = area.verticalScrollBar()
    picture = area.grab().toImage()
    at = bar.mapTo(area, bar.rect().bottomLeft())
    assert picture.pixelColor(at.x() + bar.width() // 2, at.y() - 2) == QColor(colours.window)


@pytest.mark.parametrize("which", ["SP_TitleBarCloseButton", "SP_TitleBarNormalButton"])
def test_the_buttons_of_docks_are_drawn_in_a_colour_of_text(qapp, window, colours, which):
    picture = window.style().standardIcon(QStyle.StandardPixmap[which], None, window).pixmap(16, 16).toImage()
    assert _has(picture, colours.muted, range(picture.height()))
