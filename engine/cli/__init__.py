"""The `draftscope` commands, and the one place where their failures become a line and an exit status."""

import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from engine.cli.exit_status import BAD_INPUT, OK, STOPPED
from engine.cli.outside_causes import outside_cause
from engine.errors import EngineError
from engine.machine.quiet import quiet_logs

if TYPE_CHECKING:
    import typer

P = ParamSpec("P")
T = TypeVar("T")


def main(argv: list[str] | None = None) -> int:
    """Run one command; `argv` without the program's name. Returns the exit status: 0, 2 bad input, 130 stopped."""
    try:
        with _ended_as_by_ctrl_c():
            from engine.cli.commands import tree

            return run_command(tree(), sys.argv[1:] if argv is None else argv, name="draftscope")
    except KeyboardInterrupt as err:  # while the commands themselves are imported
        return _stopped(err)


def run_command(app: "typer.Typer", argv: list[str], *, name: str) -> int:
    """Run a tree of commands; returns the exit status."""
    import typer
    from typer.exceptions import Abort, Exit, TyperException

    _open_streams()
    _write_any_text()
    quiet_logs()
    command = typer.main.get_command(app)
    command.invoke = _interruptible(command.invoke)  # type: ignore[method-assign]
    try:
        result = command.main(args=argv, prog_name=name, standalone_mode=False)
    except TyperException as err:
        message = err.format_message()
        if message.startswith("Usage:"):  # a group of commands alone
            return _complain("a command is missing; see draftscope --help, or that of the group")
        return _complain(f"{message} (see draftscope --help)")
    except EngineError as err:
        return _complain(str(err))
    except Exit as err:
        return err.exit_code
    except (Abort, KeyboardInterrupt) as err:
        return _stopped(err.__cause__ if isinstance(err, Abort) else err)
    except SystemExit:  # how typer reports a closed pipe, as after `| head`
        return OK
    except (OSError, MemoryError, ImportError, RuntimeError, SystemError, UnicodeEncodeError) as err:
        cause = outside_cause(err)
        if cause is None:
            raise
        return _complain("; ".join(cause))
    return result if isinstance(result, int) else OK


def _interruptible(invoke: Callable[P, T]) -> Callable[P, T]:
    """Let a Ctrl+C that no command waits for be told: typer itself would end with 130 and without a word."""
    from typer.exceptions import Abort

    @wraps(invoke)
    def invoked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return invoke(*args, **kwargs)
        except KeyboardInterrupt as err:
            raise Abort from err

    return invoked


def _open_streams() -> None:
    """Give a standard stream that was closed by the caller the empty device, so that no other file gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  to the end


def _write_any_text() -> None:
    """Print every character, whatever the terminal's encoding."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """Let SIGTERM interrupt as Ctrl+C does, so that what is being written is closed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stopped(err: BaseException | None) -> int:
    """Answer a stop that the command did not wait for. err: in the words of the work itself, if it has any."""
    from engine.cli import terminal

    sys.stderr.write(f"draftscope: {terminal.line(str(err or '') or 'stopped; the same command begins it anew')}\n")
    return STOPPED


def _complain(line: str) -> int:
    from engine.cli import terminal

    sys.stderr.write(f"draftscope: {terminal.line(line)}\n")
    return BAD_INPUT
