"""The commands on streams of any kind: a full device, any encoding, a stop from the keyboard or the system."""

import io
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from engine.cli import following, main
from engine.errors import EngineError
from engine.events import Event, RoundFinished
from tests.engine.cli.typed import objects


def test_help_needs_no_torch() -> None:
    code = "import sys; from engine.cli import main; main(['decode', '--help']); print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip().endswith("False")


def test_output_that_cannot_be_written_is_one_line(
    pair: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115  closing it fails, too
    monkeypatch.setattr(sys, "stdout", full)
    assert main(["decode", *pair, "--prompt", "a", "--max-new-tokens", "4", "--json"]) == 2
    with suppress(OSError):
        full.close()
    said = capsys.readouterr().err
    assert "could not be written" in said
    assert said.count("\n") == 1


def test_any_character_is_printed_whatever_the_terminal(pair: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii"))
    assert main(["decode", *pair, "--prompt", "漢😀", "--max-new-tokens", "4"]) == 0
    sys.stdout.flush()
    assert "漢" in printed.getvalue().decode()


def interrupted_by(number: signal.Signals, monkeypatch: pytest.MonkeyPatch, *, times: int = 1) -> None:
    """Let a signal come in the third round of a run."""
    add = following.FollowedRun.add

    def interrupting(self: following.FollowedRun, event: Event) -> None:
        add(self, event)
        if isinstance(event, RoundFinished) and event.round == 2:
            for _ in range(times):
                signal.raise_signal(number)

    monkeypatch.setattr(following.FollowedRun, "add", interrupting)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_what_there_is_says_how_to_go_on_and_exits_with_130(
    number: signal.Signals, pair: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    interrupted_by(number, monkeypatch)
    before = signal.getsignal(number)
    options = ["--json", "--max-new-tokens", "100", "--trace", str(tmp_path / "t.jsonl")]
    assert main(["decode", *pair, "--prompt", "The harbour", *options]) == 130
    said = capfd.readouterr()
    last = objects(said.out)[-1]
    assert (last["event"], last["reason"]) == ("summary", "cancelled")
    assert len(last["tokens"]) >= 3  # type: ignore[arg-type]
    assert "RunFinished" in (tmp_path / "t.jsonl").read_text().splitlines()[-1]
    first, end = said.err.splitlines()
    assert first == "draftscope: stopping after this step; once more ends it at once"
    assert end == f"stopped; what was done is kept as run {last['run']}; the same command begins anew"
    assert signal.getsignal(number) == before


def test_a_second_ctrl_c_ends_at_once(
    pair: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    interrupted_by(signal.SIGINT, monkeypatch, times=2)
    assert main(["decode", *pair, "--prompt", "The harbour", "--max-new-tokens", "100", "--json"]) == 130
    assert capfd.readouterr().err.splitlines()[-1] == "draftscope: stopped; the same command begins it anew"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_that_no_command_waits_for_is_said_too(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("engine.cli.decode.follow", lambda *_, **__: signal.raise_signal(number))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where pytest runs in the background
    try:
        assert main(["decode", "--prompt", "a"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == "draftscope: stopped; the same command begins it anew\n"


def test_a_refusal_after_a_stop_is_the_stop(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object, **__: object) -> int:
        with following.stoppable():
            signal.raise_signal(signal.SIGINT)
            raise EngineError("stopped by the user", "there is no result yet; start it again")

    monkeypatch.setattr("engine.cli.decode.follow", refused)
    assert main(["decode", "--prompt", "a"]) == 130
    assert capsys.readouterr().err == "draftscope: stopped by the user; there is no result yet; start it again\n"
