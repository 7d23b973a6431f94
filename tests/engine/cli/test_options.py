"""Options: the switch of the chat template, and what a prompt file holds."""

import json
from pathlib import Path

import pytest

from engine.cli.options import read_request
from engine.errors import InputError
from engine.prompts import Message
from engine.settings import Request

TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}, {"role": "user", "content": "Hm?"}]


def test_a_prompt_file_may_hold_a_conversation(tmp_path: Path) -> None:
    file = tmp_path / "turns.json"
    file.write_text(json.dumps(TURNS), encoding="utf-8")
    request = read_request(None, file)
    assert request.prompt == "Hm?" and request.messages[1] == Message("assistant", "Ho")
    file.write_text("[1] The harbour", encoding="utf-8")
    assert read_request(None, file) == Request("[1] The harbour")
    file.write_text(json.dumps(TURNS[:2]), encoding="utf-8")
    with pytest.raises(InputError, match="ends with the assistant"):
        read_request(None, file)


def test_a_prompt_on_the_command_line_is_text_whatever_it_looks_like() -> None:
    assert read_request(json.dumps(TURNS), None).messages == ()
