import json

import pytest

from app.state.store import RunStore
from app.workspaces.decode.opened_conversation import Conversation, OpenedConversation
from engine.errors import InputError
from engine.prompts import Message

TURNS = [
    {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who?"},
    {"role": "assistant", "content": "Mara"}, {"role": "user", "content": "When?"},
]  # fmt: skip


@pytest.fixture
def opened(qapp):
    return RunStore().tab(OpenedConversation)


def _file(tmp_path, content, name="talk.json"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("content", [TURNS, {"messages": TURNS}])
def test_a_file_of_turns_is_a_conversation(opened, tmp_path, content):
    path = _file(tmp_path, content)
    conversation = opened.read(path)
    assert conversation == Conversation(tuple(Message(**turn) for turn in TURNS)) and conversation.system == "Be brief."
    assert opened.show(conversation, path) == ""
    assert (opened.conversation, opened.source) == (conversation, path)


@pytest.mark.parametrize("content", ["", "{", '{"prompt": "x"}', "[1, 2]", '[{"prompt": "x"}]', "[" * 9000])
def test_other_json_is_left_to_the_other_tabs(opened, tmp_path, content):
    assert opened.read(_file(tmp_path, content)) is None


def test_other_kinds_missing_and_binary_files_are_left_too(opened, tmp_path):
    assert opened.read(_file(tmp_path, TURNS, "talk.txt")) is None
    assert opened.read(tmp_path / "missing.json") is None and opened.read(tmp_path) is None
    (tmp_path / "b.json").write_bytes(b"[\xff\xfe")
    assert opened.read(tmp_path / "b.json") is None


def test_turns_out_of_order_are_refused(opened, tmp_path):
    with pytest.raises(InputError, match="ends with the assistant's turn"):
        opened.read(_file(tmp_path, TURNS[:3]))


def test_a_conversation_without_a_system_prompt_has_none(opened, tmp_path):
    assert opened.read(_file(tmp_path, TURNS[1:])).system == ""
