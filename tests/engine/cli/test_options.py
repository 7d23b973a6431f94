"""Options: what is wrong by its name alone is refused before torch is imported, and what a prompt file holds."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.models import OptionInfo

from engine.cli import run_command
from engine.cli.commands import tree
from engine.cli.options import PairOptions, decimal, read_request
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


def _options(app: typer.Typer) -> list[tuple[str, object, OptionInfo]]:
    """Name, type and option of every parameter of every command."""
    commands = [command.callback for command in app.registered_commands if command.callback is not None]
    parameters = [p for callback in commands for p in inspect.signature(callback, eval_str=True).parameters.values()]
    own = [(p.name, p.annotation.__origin__, p.annotation.__metadata__[0]) for p in parameters]
    return own + [
        option for group in app.registered_groups if group.typer_instance for option in _options(group.typer_instance)
    ]


def test_every_number_with_decimals_reads_both_spellings() -> None:
    numbers = [(name, option) for name, kind, option in _options(tree()) if kind in (float, float | None)]
    assert len(numbers) > 20
    assert [name for name, option in numbers if getattr(option, "parser", None) is None] == []


@pytest.mark.parametrize(
    ("text", "number"), [("0,7", 0.7), ("0.7", 0.7), ("1.000", 1.0), ("1e-3", 0.001), ("2", 2.0), ("٠٫٥", 0.5)]
)
def test_a_command_reads_a_decimal_comma(text: str, number: float, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[float] = []
    app = typer.Typer()

    @app.command()
    def take(*, amount: Annotated[float, decimal("how much")] = 0.25) -> int:
        seen.append(amount)
        return 0

    assert (run_command(app, ["--amount", text], name="take"), run_command(app, [], name="take")) == (0, 0)
    assert seen == [number, 0.25]
    assert run_command(app, ["--amount", "1,000"], name="take") == 2
    assert "write 1000 or 1.000" in capsys.readouterr().err
    assert run_command(app, ["--amount", "much"], name="take") == 2
    assert "'much' is not a number" in capsys.readouterr().err


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
