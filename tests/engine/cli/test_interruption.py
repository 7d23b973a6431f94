"""A stop is a stop wherever it falls: in an import, a destructor, a text that is executed, the end of the process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import typer

from engine.cli import run_command
from engine.cli.interruption import interruptible
from engine.cli.running import stoppable
from engine.errors import EngineError

STOPPED = "draftscope: stopped; the same command begins it anew\n"


@pytest.fixture(autouse=True)
def from_a_terminal() -> Iterator[None]:
    """Take Ctrl+C also where pytest runs in the background, for which a shell ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def status_of(work: Callable[[], None]) -> int:
    app = typer.Typer()
    app.command("work")(work)
    return run_command(app, [], name="work")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_library_makes_of_a_stop_is_the_stop(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    def importing() -> None:
        try:
            signal.raise_signal(number)
        except BaseException as err:
            raise ImportError("a library's own words") from err

    before = signal.getsignal(number)
    assert status_of(importing) == 130
    assert capsys.readouterr().err == STOPPED
    assert signal.getsignal(number) == before


def test_an_error_that_nobody_stopped_stays_a_defect() -> None:
    def importing() -> None:
        raise ImportError("no module named x")

    with pytest.raises(ImportError):
        status_of(importing)


def test_a_stop_that_a_library_swallows_ends_the_command_before_its_work(capsys: pytest.CaptureFixture[str]) -> None:
    def importing() -> None:
        with suppress(BaseException):
            signal.raise_signal(signal.SIGTERM)
        with stoppable():
            pytest.fail("the work began")

    assert status_of(importing) == 130
    assert capsys.readouterr().err == STOPPED


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_in_a_destructor_is_not_lost(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    class Closing:
        def __del__(self) -> None:
            signal.raise_signal(number)

    def work() -> None:
        Closing()
        for _ in range(30_000):  # half a minute, of which a hundredth of a second is needed
            time.sleep(0.001)
        pytest.fail("the stop was lost")

    assert status_of(work) == 130
    assert capsys.readouterr().err == STOPPED


def test_where_nobody_can_read_why_the_exit_status_still_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise EngineError("it cannot be", "do something else")

    def stopped() -> None:
        raise KeyboardInterrupt

    full = Path("/dev/full").open("w")  # noqa: SIM115  closing it fails, too
    monkeypatch.setattr(sys, "stderr", full)
    statuses = status_of(refused), status_of(stopped)
    monkeypatch.undo()
    with suppress(OSError):
        full.close()
    assert statuses == (2, 130)


def test_a_ctrl_c_that_the_caller_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interruptible() as stop:
        signal.raise_signal(signal.SIGINT)
    assert not stop.asked


def test_a_process_that_was_stopped_ends_with_its_status_whatever_comes_while_it_ends(tmp_path: Path) -> None:
    (tmp_path / "stopped.py").write_text(
        "import atexit, signal, typer\n"
        "from engine.cli import run_command\n"
        "from engine.cli.interruption import leave\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "atexit.register(lambda: signal.raise_signal(signal.SIGINT))\n"
        "app = typer.Typer()\n"
        "@app.command()\n"
        "def work(): exec('signal.raise_signal(signal.SIGINT)')\n"
        "leave(run_command(app, [], name='work'))\n"
    )
    paths = os.pathsep.join([str(Path(__file__).parents[3]), str(tmp_path)])
    ended = subprocess.run(
        [sys.executable, "-m", "stopped"], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (130, STOPPED)
