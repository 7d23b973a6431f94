"""Every mistake on the command line is one line that names it and the way out, and status 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prompt", ""], "prompt is empty"),
        (["--prompt", "  \n"], "prompt is empty"),
        ([], "exactly one of --prompt"),
        (["--prompt", "a", "--prompt-file", "x"], "exactly one of --prompt"),
        (["--prompt-file", "missing.txt"], "missing.txt cannot be read"),
        (["--prompt", "a", "--gamma", "0"], "gamma = 0"),
        (["--prompt", "a", "--gamma", "four"], "--gamma"),
        (["--prompt", "a", "--top-p", "0"], "top-p = 0"),
        (["--prompt", "a", "--top-p", "1.5"], "top-p = 1.5"),
        (["--prompt", "a", "--temperature", "-1"], "temperature = -1"),
        (["--prompt", "a", "--temperature", "nan"], "temperature = nan"),
        (["--prompt", "a", "--max-new-tokens", "0"], "max-new-tokens = 0"),
        (["--prompt", "a", "--device", "toaster"], "unknown device 'toaster'"),
        (["--prompt", "a", "--device", "cuda:99"], "no device cuda:99"),
        (["--prompt", "a", "--dtype", "int3"], "unknown dtype 'int3'"),
        (["--prompt", "a", "--target", "./nowhere"], "no folder ./nowhere"),
        (["--prompt", "a", "--drafter", "lookup:x"], "lookup:x"),
        (["--prompt", "a", "--drafter", "builtin:huge"], "builtin:huge"),
        (["--prompt", "a", "--colour", "red"], "--colour"),
        (["--prompt", "word " * 300], "reads at most"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    pair: list[str], arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"--target", "--drafter"} & set(arguments)
    base = [x for i in (0, 2) if pair[i] not in given for x in pair[i : i + 2]]
    assert main(["decode", *base, *arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    assert ";" in captured.err or "--help" in captured.err


def test_unknown_command_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dcode"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["bench", "endurance", "--rounds", "0"], "rounds = 0"),
        (["bench", "decode", "--prompts", "0"], "prompts = 0"),
        (["bench", "decode", "--gammas", "2,x"], "not a list"),
        (["bench", "decode", "--runtimes", "fast"], "unknown runtime"),
        (["bench", "decode", "--contexts", "9999", "--prompts", "1", "--max-new-tokens", "4"], "use at most"),
        (["bench", "decode", "--out", "/nowhere/at/all.json"], "cannot be written"),
        (["bench", "batch", "--batches", "1,x"], "not a list"),
        (["bench", "batch", "--batches", "0"], "not a list"),
        (["bench", "batch", "--batches", "257"], "batches = 257"),
        (["bench", "batch", "--blocks", "0"], "blocks = 0"),
        (["bench", "batch", "--top-k", "5"], "compares greedy"),
        (["bench", "batch", "--drafter", "lookup"], "lookup"),
        (["bench", "decode", "--drafter", "lookup"], "lookup"),
        (["bench", "decode", "--temperature", "1"], "compares greedy"),
        (["bench", "decode", "--max-new-tokens", "1000"], "has room for"),
        (["check", "losslessness", "--samples", "3"], "samples = 3"),
        (["check", "losslessness", "--gamma", "0"], "gamma = 0"),
        (["check", "losslessness", "--engine", "steam"], "unknown engine 'steam'"),
        (["check", "losslessness", "--runtime", "steam"], "unknown runtime 'steam'"),
        (["check", "losslessness", "--drafter", "none"], "no drafter"),
        (["train", "builtin", "--minutes", "-1"], "minutes = -1"),
    ],
)
def test_other_commands_refuse_in_one_line_too(
    pair: list[str], command: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [] if command[0] == "train" else (pair[:2] if "--drafter" in command else pair)
    assert main([*command, *models]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_trace_of_a_mistyped_command_is_not_left_behind(
    pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--prompt", "a", "--max-new-tokens", "4", "--repeats", "1", "--trace", str(tmp_path / "t.jsonl")]
    assert main(["decode", "--target", "./nowhere", *options]) == 2
    assert not (tmp_path / "t.jsonl").exists()
    assert main(["decode", *pair, *options]) == 0
    assert main(["decode", *pair, *options]) == 2
    assert "exists already" in capsys.readouterr().err


def test_a_gguf_file_that_cannot_be_used_is_refused_without_a_model_library(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    code = (
        "import sys; from engine.cli import main\n"
        f"status = main(['decode', '--prompt', 'a', '--target', {str(tmp_path / 'm.gguf')!r}])\n"
        "sys.exit(9 if 'torch' in sys.modules else status)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and "cut short" in ended.stderr


@pytest.mark.parametrize(
    "argv",
    [
        ["decode", "--prompt", "x", "--gamma", "1000000000"],
        ["decode", "--prompt", "x", "--gamma", "9" * 5000],
        ["decode", "--prompt", "x", "--repeats", "1000000"],
        ["compare", "--gamma", "9" * 5000],
        ["compare", "--gamma", "65"],
        ["bench", "decode", "--gammas", "1000000000"],
        ["bench", "decode", "--contexts", ",".join(map(str, range(1, 5000)))],
        ["bench", "decode", "--contexts", "1000000000"],
        ["bench", "scaling", "--gammas", "100000000"],
        ["bench", "scaling", "--blocks", "1000000000000"],
        ["bench", "endurance", "--rounds", "1000000000000"],
        ["bench", "index", "--passages", "1000000000000"],
        ["bench", "store", "--runs", "1000000000000"],
        ["bench", "store", "--kills", "1000000000"],
        ["bench", "report", "--prompts", "1000000000"],
        ["check", "losslessness", "--samples", "1000000000000"],
        ["builtin", "eval", "--questions", "1000000000000"],
        ["rag", "eval", "--questions", "1000000000000"],
    ],
)
def test_absurd_count_is_refused_in_one_line_before_any_work(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert len(said.err) < 400


def test_prompt_from_a_pipe_or_device_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "--prompt-file", "/dev/zero"]) == 2
    assert "is a device, not a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "err",
    [
        MemoryError(),
        ImportError("x.so: failed to map segment from shared object"),
        OSError(12, "Cannot allocate memory"),
    ],
)
def test_lack_of_memory_or_address_space_is_said_as_such(
    err: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise err

    monkeypatch.setattr("engine.cli.decode.follow", fail)
    assert main(["decode", "--prompt", "x"]) == 2
    line = capsys.readouterr().err
    assert "memory ran out, or address space" in line
    assert line.count("\n") == 1
