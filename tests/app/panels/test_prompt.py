import pytest
from PySide6.QtCore import QMimeData, Qt

from app.panels.prompt import EXAMPLE_PROMPTS, PromptPanel
from app.state.store import RunStore
from app.widgets.prompt_edit import LONGEST_EDITED
from engine.events import ModelLoaded
from tests.app.factory import FakeHost, started, whole_run

HOSTILE = [
    "a\0b", "a\x01\x1b[31mb", "a\u00a0b", "a\u2028b\u2029c", "a\r\nb\rc", "a\ufdd0b", "\ufeffa", "a\ud800b", "a\u202eb",
    "<b>x</b>", "e" + "\u0301" * 3000, "👩‍👩‍👧 😀", "", "\n\n", " a ",
]  # fmt: skip


@pytest.fixture
def panel(qtbot):
    store, host = RunStore(), FakeHost()
    store.attach(host)
    made = PromptPanel(store)
    made.say = lambda *events: (host.say(*events), store.pump())
    qtbot.addWidget(made)
    made.resize(900, 300)
    made.show()
    yield made
    made.close()


def _paste(panel: PromptPanel, text: str) -> None:
    mime = QMimeData()
    mime.setText(text)
    panel.prompt.insertFromMimeData(mime)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_prompt_reaches_the_engine_to_the_character(panel, text):
    panel.show_prompt(text)
    assert panel.text() == panel.prompt.toPlainText() == text


@pytest.mark.parametrize("text", ["a\0b", "a\x01\x1bb", "a\u00a0b", "a\r\nb", "a\u2028b", "😀\u202eb"], ids=ascii)
def test_a_paste_into_a_text_is_kept_to_the_character(panel, qtbot, text):
    panel.show_prompt("")
    qtbot.keyClicks(panel.prompt, "one two")
    panel.prompt.moveCursor(panel.prompt.textCursor().MoveOperation.Start)
    _paste(panel, text)
    assert panel.text() == f"{text}one two"


def test_an_edit_keeps_what_the_box_can_hold(panel, qtbot):
    panel.show_prompt("a\0b\u00a0c")
    panel.prompt.moveCursor(panel.prompt.textCursor().MoveOperation.End)
    qtbot.keyClicks(panel.prompt, "!")
    assert panel.text() == "a\0b\u00a0c!"


def test_what_an_edit_would_change_or_nobody_can_see_is_said(panel):
    panel.show_prompt("a\u2028b")
    assert "line ends" in panel.notice.text()
    panel.show_prompt("a\u202eb")
    assert "cannot be seen" in panel.notice.text()
    panel.show_prompt("plain\ntext")
    assert not panel.notice.isVisible()
    assert panel.notice.toolTip() == panel.notice.text() == ""


def test_undoing_an_edit_gives_the_text_back_to_the_character(panel, qtbot):
    panel.show_prompt("a\r\nb")
    qtbot.keyClicks(panel.prompt, "x")
    panel.prompt.undo()
    assert panel.text() == "a\r\nb"


@pytest.mark.parametrize(
    "text", ["word " * 200_000, "y" * 1_000_000, "line\n" * 200_000], ids=["words", "one", "lines"]
)
def test_a_megabyte_is_kept_whole_and_shown_by_its_beginning(panel, qtbot, text):
    panel.show_prompt("")
    _paste(panel, text)
    assert panel.text() == text
    assert panel.prompt.document().characterCount() < LONGEST_EDITED
    assert "Too long to edit" in panel.notice.text()
    assert "1,000,000 characters" in panel.hint.text()
    qtbot.mouseClick(panel.clear_button, Qt.MouseButton.LeftButton)
    assert panel.text() == ""
    assert not panel.clear_button.isVisible()
    qtbot.keyClicks(panel.prompt, "new")
    assert panel.text() == "new"


def test_delete_empties_a_text_that_cannot_be_edited(panel, qtbot):
    panel.show_prompt("y" * 30_000)
    qtbot.keyClicks(panel.prompt, "ignored")
    assert panel.text() == "y" * 30_000
    qtbot.keyClick(panel.prompt, Qt.Key.Key_Delete)
    assert panel.text() == ""


def test_the_box_grows_from_two_lines_to_eight(panel):
    heights = []
    for n_lines in (1, 2, 5, 8, 30):
        panel.show_prompt("\n".join("x" * n_lines))
        heights.append(panel.prompt.height())
    line = panel.prompt.fontMetrics().lineSpacing()
    assert [round((height - heights[0]) / line) for height in heights] == [0, 0, 3, 6, 6]


def test_examples_are_offered_by_task(panel):
    menu = panel.examples.menu()
    tasks = [action.menu() for action in menu.actions()]
    assert len(tasks) >= 5
    action = tasks[-1].actions()[0]
    action.trigger()
    assert len(panel.text()) > 600
    assert action.toolTip()


def test_the_first_start_shows_the_first_example(panel):
    assert panel.text() == EXAMPLE_PROMPTS[0]


def test_tokens_are_those_of_the_run_or_told_from_it(panel):
    panel.show_prompt("Once upon a time, we")
    assert panel.hint.text() == "20 characters"
    panel.say(started(pieces=("Once", " upon", " a", " time", ",", " we")))
    assert panel.hint.text() == "20 characters · 6 tokens"
    panel.show_prompt("Once upon a time, we" * 2)
    assert panel.hint.text() == "40 characters · about 12 tokens"


def test_a_prompt_longer_than_the_context_is_said(panel):
    panel.say(ModelLoaded("t", "d", "cpu", "float32", 128, 1, 1, 0.1), *whole_run())
    panel.say(started(pieces=["ab "] * 10))
    panel.show_prompt("ab " * 130)
    assert panel.hint.text() == "390 characters · about 130 tokens · ⚠ the target reads 127"
    assert panel.hint.property("role") == "bad"


def test_a_prompt_keeps_its_count_when_the_run_is_forked(panel):
    panel.show_prompt("Once upon a time")
    pieces = ("Once", " upon", " a", " time", " lived", " ran")
    panel.say(started(pieces=pieces, forked_from="run0", forked_at=2))
    assert panel.hint.text() == "16 characters · 4 tokens"
    panel.show_prompt("Once upon a ti")
    assert panel.hint.text() == "14 characters · fork: not counted"


def test_the_prompt_before_a_run_was_opened_is_given_back(panel):
    panel.prompt.setPlainText("mine\r\n")
    panel.show_prompt("of a run")
    panel.show_prompt("of another")
    panel.restore_prompt()
    assert panel.text() == "mine\r\n"
    panel.prompt.setPlainText("newer")
    panel.restore_prompt()
    assert panel.text() == "newer"


def test_nothing_beside_the_prompt_moves_when_a_run_is_held_or_a_notice_comes(panel):
    def places():
        panel.layout().activate()
        return [button.geometry() for button in (panel.examples, panel.run, panel.pause, panel.stop)], panel.prompt.y()

    before = places()
    panel.pause.show_text("Resume")
    panel.prompt.setPlainText("a\u202eb")
    assert places() == before


@pytest.mark.parametrize("width", [900, 420])
def test_every_button_is_whole(panel, width):
    panel.resize(max(width, panel.minimumSizeHint().width()), 300)
    panel.layout().activate()
    buttons = (panel.examples, panel.run, panel.pause, panel.step, panel.stop)
    assert all(button.width() >= button.sizeHint().width() for button in buttons)
    assert max(button.geometry().right() for button in buttons) < panel.width()


def test_tab_goes_along_the_buttons_as_they_are_seen(panel):
    chain = [panel.prompt]
    while len(chain) < 7:
        following = chain[-1].nextInFocusChain()
        while not following.focusPolicy() & Qt.FocusPolicy.TabFocus:
            following = following.nextInFocusChain()
        chain.append(following)
    assert chain[1:] == [panel.clear_button, panel.examples, panel.run, panel.pause, panel.step, panel.stop]


def test_the_box_grows_when_it_becomes_narrower(panel, qtbot):
    panel.show_prompt("word " * 30)
    wide = panel.prompt.height()
    panel.resize(430, 300)
    qtbot.waitUntil(lambda: panel.prompt.height() > wide and panel.prompt.verticalScrollBar().maximum() == 0)
    assert panel.prompt.height() > wide
