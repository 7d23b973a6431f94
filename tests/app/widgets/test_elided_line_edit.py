from pytestqt.qtbot import QtBot

from app.widgets.elided_line_edit import ElidedLineEdit

PATH = "/data/models/with/a/long/name/smollm2-135m-instruct"


def test_a_long_path_shows_both_its_ends_until_it_is_edited(qtbot: QtBot) -> None:
    line = ElidedLineEdit(PATH)
    qtbot.addWidget(line)
    line.resize(160, line.sizeHint().height())
    line.show()
    line.clearFocus()
    assert line.shown_text().startswith("/da") and line.shown_text().endswith("ct") and "…" in line.shown_text()
    assert line.text() == PATH
    assert not line.grab().isNull()
    line.resize(900, line.height())
    assert line.shown_text() == PATH


def test_the_text_that_is_edited_is_shown_as_it_is(qtbot: QtBot) -> None:
    line = ElidedLineEdit(PATH)
    qtbot.addWidget(line)
    line.resize(160, line.sizeHint().height())
    line.show()
    line.activateWindow()
    line.setFocus()
    qtbot.waitUntil(line.hasFocus)
    assert line.shown_text() == PATH
