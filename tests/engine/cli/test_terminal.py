"""Nothing that a model, a document or a file name holds reaches the terminal as a control."""

import io
import json

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cli import run_command, terminal
from engine.cli.commands import tree
from engine.cli.output import Output
from engine.cli.terminal import SafeConsole

EVIL = "a\x1b[2Jb\u202ec\x07d\x9be\u2066f\x7fg\rh"
_RAW = "\x1b\u202e\x07\x9b\u2066\x7f\r"


def is_safe(text: str) -> bool:
    return not any(char in text for char in _RAW)


@pytest.mark.parametrize("is_json", [False, True])
def test_summaries_notes_and_tables_are_printed_without_controls(
    is_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(json=is_json)
    output.summary({"text": EVIL, "names": [EVIL, EVIL]})
    output.note(EVIL)
    output.table([("id", "what"), ("1", EVIL)])
    output.console.print(EVIL, end="", markup=False, style="bold")
    said = capsys.readouterr()
    assert is_safe(said.out)
    assert is_safe(said.err)
    assert "␛" in said.out
    assert "⟨U+202E⟩" in said.out


def test_json_means_the_same_with_its_hidden_characters_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    Output(json=True).line({"event": "summary", "text": EVIL, "thai": "ที่", "emoji": "👩\u200d🚀"})
    line = capsys.readouterr().out
    assert is_safe(line)
    assert json.loads(line) == {"event": "summary", "text": EVIL, "thai": "ที่", "emoji": "👩\u200d🚀"}


def test_complaint_about_a_hostile_name_is_one_safe_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(tree(), ["decode", "--target", f"./{EVIL}", "--prompt", "x"], name="draftscope") == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert is_safe(line)


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\n\t"), max_size=30))
def test_any_text_is_printed_without_controls(text: str) -> None:
    file = io.StringIO()
    SafeConsole(file=file, force_terminal=False, soft_wrap=True, markup=False, emoji=False).print(text, end="")
    assert is_safe(file.getvalue())
    assert is_safe(terminal.line(text))
    assert json.loads(terminal.json_line({"text": text})) == {"text": text}


def test_name_that_is_no_text_is_printed_with_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    for is_json in (False, True):
        Output(json=is_json).summary({"path": "a\udcffb", "names": ["\udcff"]})
        assert "udcff" in capsys.readouterr().out.lower().replace("u+", "u")


def test_of_a_very_long_complaint_the_way_out_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(tree(), ["report", "x" * 200 + "/" + "y" * 240 + "/z" * 1500], name="draftscope") == 2
    err = capsys.readouterr().err
    assert len(err) < 1_100 and err.count("\n") == 1
    assert "; " in err


def test_a_group_without_a_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(tree(), ["runs"], name="draftscope") == 2
    assert capsys.readouterr().err == (
        "draftscope: a command is missing; see draftscope --help, or that of the group\n"
    )


def test_prompt_that_is_no_text_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(tree(), ["decode", "--prompt", "a\udcff"], name="draftscope") == 2
    assert "not valid UTF-8" in capsys.readouterr().err


def test_an_interrupt_that_no_command_waits_for_is_told(capsys) -> None:  # type: ignore[no-untyped-def]
    app = typer.Typer()

    @app.command()
    def imports() -> None:
        raise KeyboardInterrupt

    assert run_command(app, [], name="imports") == 130
    assert capsys.readouterr().err == "draftscope: stopped; the same command begins it anew\n"
