from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from app import theme
from app.widgets.side_column import SideColumn


def test_a_side_column_prefers_its_width_in_characters_and_takes_no_focus(qtbot: QtBot) -> None:
    column = SideColumn(QLabel("a"), 30)
    qtbot.addWidget(column)
    assert column.sizeHint().width() == 30 * column.fontMetrics().averageCharWidth()
    assert not column.focusPolicy().value


def test_a_side_column_is_never_narrower_than_its_contents_also_in_another_font(qtbot: QtBot) -> None:
    button = QPushButton("a button with many words")
    column = SideColumn(button, 3, fixed=True)
    qtbot.addWidget(column)
    column.show()
    before = column.width()
    assert before >= button.minimumSizeHint().width()
    font = QApplication.font()
    QApplication.setFont(theme.scaled(font, 1.5))
    try:
        button.setText("a button with many more words than before")
        qtbot.waitUntil(lambda: column.width() >= button.minimumSizeHint().width() > before)
    finally:
        QApplication.setFont(font)


def test_a_footer_stands_below_what_scrolls_and_moves_nothing_when_it_appears(qtbot: QtBot) -> None:
    content, footer = QLabel("\n".join(map(str, range(99)))), QLabel("whose settings these are")
    footer.hide()
    column = SideColumn(content, 30, footer=footer)
    qtbot.addWidget(column)
    column.resize(300, 200)
    column.show()
    place, height = content.mapTo(column, content.rect().topLeft()), column.viewport().height()
    footer.show()
    QApplication.processEvents()
    assert footer.geometry().bottom() == column.rect().bottom()
    assert 0 < footer.width() <= column.viewport().width() < column.width()  # the scroll bar covers nothing of it
    assert column.viewport().height() == height - footer.height() > 0
    assert content.mapTo(column, content.rect().topLeft()) == place
    footer.hide()
    QApplication.processEvents()
    assert column.viewport().height() == height
