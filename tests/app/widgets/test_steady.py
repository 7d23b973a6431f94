from PySide6.QtWidgets import QWidget

from app import theme
from app.widgets.elided_label import ElidedLabel
from app.widgets.steady_button import SteadyButton


def test_a_button_is_as_wide_as_its_widest_text_in_any_font(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    button = SteadyButton(("Go", "Resume it all"), window)
    for scale in (1, 1.5):
        button.setFont(theme.scaled(button.font(), scale))
        button.show_text("Go")
        short = button.sizeHint()
        button.show_text("Resume it all")
        assert button.sizeHint() == short == button.minimumSizeHint()


def test_a_cut_line_keeps_its_text_and_asks_for_no_width(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    label = ElidedLabel(window)
    height = label.sizeHint().height()
    label.setText("<b>long</b> " * 40)
    assert (label.minimumSizeHint().width(), label.sizeHint().height()) == (0, height)
    label.resize(80, height)
    assert not label.grab().isNull()
    assert label.text() == "<b>long</b> " * 40
