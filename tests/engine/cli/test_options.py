"""Options: what is wrong by its name alone is refused before torch is imported, and what a prompt file holds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli.options import PairOptions, read_request
from engine.commands import Load
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_the_mark_of_a_prompt_file_is_no_text(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "p.txt").write_bytes("The harbour".encode(encoding))
    assert read_request(None, tmp_path / "p.txt").prompt == "The harbour"


@pytest.mark.parametrize(("raw", "reason"), [(b"caf\xe9", "is not in UTF-8"), (b"\x7fELF\0\0\1", "is no text")])
def test_a_prompt_file_is_not_guessed(tmp_path: Path, raw: bytes, reason: str) -> None:
    (tmp_path / "p.txt").write_bytes(raw)
    with pytest.raises(InputError, match=reason):
        read_request(None, tmp_path / "p.txt")


def test_a_prompt_on_the_command_line_is_text_whatever_it_looks_like() -> None:
    assert read_request(json.dumps(TURNS), None).messages == ()


REFUSED: dict[str, tuple[str, ...]] = {
    "there is no folder /nowhere": ("decode", "--prompt", "a", "--target", "/nowhere"),
    "neither a folder nor a model in the local hub cache": ("decode", "--prompt", "a", "--target", "no/such-model"),
    "there is no built-in model": ("decode", "--prompt", "a", "--drafter", "builtin:huge"),
    "there is no timing pair": ("decode", "--prompt", "a", "--target", "timing:none"),
    "missing.txt cannot be read": ("decode", "--prompt-file", "missing.txt"),
    "unknown dtype 'int3'": ("decode", "--prompt", "a", "--dtype", "int3"),
    "unknown device 'toaster'": ("bench", "decode", "--device", "toaster"),
    "mps devices are not supported": ("bench", "batch", "--device", "mps"),
    "unknown runtime 'quick'": ("run", "plain", "--prompt", "a", "--runtime", "quick"),
    "unknown quantisation 'int3'": ("decode", "--prompt", "a", "--quantize", "int3"),
    "gamma = 0": ("decode", "--prompt", "a", "--gamma", "0"),
    "No such option": ("decode", "--prompt", "a", "--colour", "red"),
    "prompts /nowhere cannot be read": ("compare", "--prompts", "/nowhere"),
    "no built-in prompt set": ("compare", "--prompts", "builtin:none"),
    "the prompts /none.jsonl cannot be read": ("bench", "decode", "--prompts", "/none.jsonl"),
    "there is no index at /nowhere": ("rag", "ask", "--question", "a", "--index", "/nowhere"),
    "there are no texts at /nowhere": ("train", "drafter", "--data", "/nowhere"),
    "no run": ("runs", "show", "none"),
}
_CODE = """
import contextlib, io, json, sys
from engine.cli import main
answers = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stderr(io.StringIO()) as said:
        answers.append([main(arguments), said.getvalue(), "torch" in sys.modules])
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[int, str, bool]]:
    """Status, line, and whether torch was imported, of every refusal; all in one process, which is what is tested."""
    arguments = json.dumps(list(REFUSED.values()))
    ended = subprocess.run([sys.executable, "-c", _CODE, arguments], capture_output=True, text=True, check=True)
    return dict(zip(REFUSED, map(tuple, json.loads(ended.stdout)), strict=True))


@pytest.mark.parametrize("words", REFUSED)
def test_refusal_is_one_line_without_torch(words: str, answers: dict[str, tuple[int, str, bool]]) -> None:
    status, line, has_torch = answers[words]
    assert (status, line.count("\n"), has_torch) == (2, 1, False), line
    assert words in line


def test_the_load_is_that_of_the_options(tmp_path: Path) -> None:
    options = PairOptions(target=str(tmp_path), device="cpu", dtype="float32", runtime="modules", quantize="int8")
    assert options.load() == Load(str(tmp_path), "lookup", "cpu", "auto", "float32", "modules", "int8")
