"""Files, folders and texts that are dropped on the window."""

import json

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QLineEdit

from engine.commands import Index
from engine.methods.sprinter.config import SprinterConfig
from tests.app.factory import MODEL


def _say(window, host, *events):
    host.say(*events)
    window.store.pump()


def test_a_file_dropped_anywhere_is_opened_and_a_text_is_not(open_window, qtbot, tmp_path):
    window, _ = open_window()
    window.show_view("runs")
    file, mime = tmp_path / "prompts.txt", QMimeData()
    file.write_text("one\ntwo\n")
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    over = QDragEnterEvent(QPoint(), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.NoModifier)
    window.dragEnterEvent(over)
    assert over.isAccepted()
    editor = window.workspaces["decode"].prompt.prompt
    where = QPointF()
    window.dropEvent(QDropEvent(where, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.NoModifier))
    qtbot.waitUntil(lambda: window.front is window.workspaces["compare"])
    assert window.front.bar.prompts.spec() == str(file)
    text = QMimeData()
    text.setText("words")
    over = QDragEnterEvent(QPoint(), Qt.DropAction.CopyAction, text, Qt.MouseButton.LeftButton, Qt.NoModifier)
    over.ignore()
    window.dragEnterEvent(over)
    assert not over.isAccepted() and editor.canInsertFromMimeData(text)


def test_a_gguf_file_dropped_anywhere_becomes_the_target(open_window, tmp_path):
    window, _ = open_window()
    file, mime = tmp_path / "Big.GGUF", QMimeData()
    file.write_bytes(b"GGUF")
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    window.dropEvent(QDropEvent(QPointF(), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.NoModifier))
    assert window.front is window.workspaces["decode"]
    pair = window.front.setup.models.pair()
    assert (pair.target, pair.drafter) == (str(file), "lookup")


def _drop(window, *paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    window.dropEvent(QDropEvent(QPointF(), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.NoModifier))


def test_a_prompt_file_dropped_on_the_prompt_is_its_text(open_window, qtbot, tmp_path):
    window, _ = open_window()
    file, mime = tmp_path / "prompt.txt", QMimeData()
    file.write_text("\ufeffThe harbour was quiet.")
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    mime.setText(f"file://{file}")
    editor = window.workspaces["decode"].prompt.prompt
    assert editor.canInsertFromMimeData(mime)
    editor.insertFromMimeData(mime)
    qtbot.waitUntil(lambda: editor.toPlainText() == "The harbour was quiet.")
    mime.setUrls([QUrl.fromLocalFile(str(file)), QUrl.fromLocalFile("/other.txt")])
    assert not editor.canInsertFromMimeData(mime)


def test_a_dropped_conversation_is_shown_with_its_turns(open_window, qtbot, tmp_path):
    window, _ = open_window()
    window.show_view("runs")
    file = tmp_path / "chat.json"
    turns = [("user", "Hi"), ("assistant", "Ho"), ("user", "Hm?")]
    file.write_text(json.dumps([{"role": role, "content": text} for role, text in turns]))
    _drop(window, file)
    qtbot.waitUntil(lambda: window.front is window.workspaces["decode"])
    prompt = window.front.prompt
    assert prompt.text() == "Hm?" and [turn.content for turn in prompt.conversation.earlier] == ["Hi", "Ho"]


def test_a_dropped_text_is_what_the_tab_in_front_is_about_and_says_so(open_window, qtbot, tmp_path):
    window, _ = open_window()
    (file := tmp_path / "notes.txt").write_text("The harbour was quiet.")
    _drop(window, file)
    prompt = window.workspaces["decode"].prompt
    qtbot.waitUntil(lambda: prompt.text() == "The harbour was quiet.")
    assert window.store.told.startswith("notes.txt is the prompt;")
    window.show_view("compare")
    _drop(window, file)
    qtbot.waitUntil(lambda: window.store.told.startswith("notes.txt: 1 prompt to compare;"))


def test_a_dropped_model_folder_becomes_the_target(open_window, qtbot, tmp_path):
    window, _ = open_window()
    (tmp_path / "config.json").write_text("{}")
    _drop(window, tmp_path)
    setup = window.workspaces["decode"].setup
    qtbot.waitUntil(lambda: setup.models.pair().target == str(tmp_path))
    assert setup.models.pair().drafter == "lookup"


@pytest.mark.parametrize("name", ["", "paper.pdf", "notes.md"])
def test_dropped_documents_are_made_searchable(open_window, qtbot, tmp_path, name):
    window, host = open_window()
    _say(window, host, MODEL)
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-")
    (tmp_path / "notes.md").write_text("# Notes")
    _drop(window, tmp_path / name)
    qtbot.waitUntil(lambda: any(isinstance(command, Index) for command in host.submitted))
    index = next(command for command in host.submitted if isinstance(command, Index))
    assert index.sources == (str(tmp_path / name),) and window.front is window.workspaces["rag"]


def test_several_files_at_once_are_refused_with_the_way_out(open_window):
    window, _ = open_window()
    _drop(window, "/a.pdf", "/b.pdf")
    assert window.store.trouble.message == "2 files were dropped at once"
    assert "folder" in window.store.trouble.hint


def test_no_line_of_text_takes_the_address_of_a_dropped_file(open_window):
    window, _ = open_window()
    window.workspaces.make_all()
    lines = window.findChildren(QLineEdit)
    taking = [line for line in lines if line.acceptDrops() and not line.property("takes-paths")]
    assert len(lines) > 10 and taking == []


def _open_conversation(window, qtbot, tmp_path):
    talk = tmp_path / "talk.json"
    turns = (("system", "Be brief."), ("user", "Who?"), ("assistant", "Mara"), ("user", "When?"))
    talk.write_text(json.dumps([{"role": role, "content": content} for role, content in turns]))
    window.show_view("compare")
    window.store.open_trace(talk)
    qtbot.waitUntil(lambda: not window.store.reading)


def test_a_conversation_dropped_on_the_window_becomes_that_of_decode(open_window, qtbot, tmp_path):
    window, host = open_window()
    _say(window, host, replace(MODEL, chat_template=True))
    _open_conversation(window, qtbot, tmp_path)
    decode = window.workspaces["decode"]
    assert window.front is decode and window.store.trouble is None
    assert decode.prompt.text() == "When?" and decode.setup.setup().settings["system"] == "Be brief."
    assert decode.setup.setup().settings["chat"] == "on"  # a base model would not be asked so by itself
    assert [turn.content for turn in decode.prompt.conversation.earlier] == ["Who?", "Mara"]


def test_a_target_without_a_template_is_said_to_read_only_the_last_turn(open_window, qtbot, tmp_path):
    window, host = open_window()
    _say(window, host, MODEL)
    _open_conversation(window, qtbot, tmp_path)
    assert window.workspaces["decode"].prompt.text() == "When?"
    assert "only its last turn is asked" in window.store.trouble.message


def test_a_prompt_dropped_with_approximate_in_front_is_that_of_its_run(open_window, qtbot, tmp_path):
    window, host = open_window()
    _say(window, host, MODEL)
    decode, tab = window.workspaces["decode"], window.workspaces["approximate"]
    before = decode.prompt.text()
    window.show_view("approximate")
    (file := tmp_path / "notes.txt").write_text("The harbour was quiet.")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    tab.pages.live.prompt.prompt.insertFromMimeData(mime)
    qtbot.waitUntil(lambda: tab.pages.live.prompt.text() == "The harbour was quiet.")
    file.write_text("The harbour woke.")
    tab.pages.setCurrentIndex(0)
    _drop(window, file)
    qtbot.waitUntil(lambda: tab.pages.live.prompt.text() == "The harbour woke.")
    assert window.front is tab and tab.pages.currentWidget() is tab.pages.live
    assert decode.prompt.text() == before


def test_a_conversation_with_approximate_in_front_is_asked_as_chat_there(open_window, qtbot, tmp_path):
    window, host = open_window()
    _say(window, host, replace(MODEL, chat_template=True))
    (talk := tmp_path / "talk.json").write_text(json.dumps([
        {"role": role, "content": text} for role, text in (("user", "Hi"), ("assistant", "Ho"), ("user", "Hm?"))
    ]))  # fmt: skip
    window.show_view("approximate")
    tab = window.front
    _drop(window, talk)
    qtbot.waitUntil(lambda: tab.pages.live.prompt.text() == "Hm?")
    assert window.front is tab and tab.setup.form.values(SprinterConfig)["chat"] == "on"
    assert [turn.content for turn in tab.pages.live.prompt.conversation.earlier] == ["Hi", "Ho"]
