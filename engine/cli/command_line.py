"""Runs a tree of commands, and is the one place where their failures become a line and an exit status."""

import io
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import typer
from typer.exceptions import Abort, Exit, TyperException

from engine.cli import terminal
from engine.cli.exit_status import BAD_INPUT, OK
from engine.cli.interruption import interruptible, say, stopped
from engine.cli.outside_causes import outside_cause
from engine.errors import EngineError
from engine.machine.quiet import quiet_logs

P = ParamSpec("P")
T = TypeVar("T")


def run_command(app: typer.Typer, argv: list[str], *, name: str) -> int:
    """Run a tree of commands; returns the exit status."""
    _open_streams()
    _write_any_text()
    quiet_logs()
    command = typer.main.get_command(app)
    command.invoke = _interruptible(command.invoke)  # type: ignore[method-assign]
    with interruptible() as stop:
        try:
            result = command.main(args=argv, prog_name=name, standalone_mode=False)
        except (Abort, KeyboardInterrupt) as err:
            return stopped(err.__cause__ if isinstance(err, Abort) else err)
        except SystemExit:  # how typer reports a closed pipe, as after `| head`
            return OK
        except Exit as err:
            return err.exit_code
        except Exception as err:
            if stop.asked:  # a library made an error of its own of the interruption
                return stopped(None)
            return _refused(err)
    return result if isinstance(result, int) else OK


def _refused(err: Exception) -> int:
    """Say in a line what the user or the system refused; raises what is a defect."""
    if isinstance(err, TyperException):
        message = err.format_message()
        if message.startswith("Usage:"):  # a group of commands alone
            return _complain("a command is missing; see draftscope --help, or that of the group")
        return _complain(f"{message} (see draftscope --help)")
    if isinstance(err, EngineError):
        return _complain(str(err))
    cause = outside_cause(err)
    if cause is None:
        raise err
    return _complain("; ".join(cause))


def _interruptible(invoke: Callable[P, T]) -> Callable[P, T]:
    """Let a Ctrl+C that no command waits for be told: typer itself would end with 130 and without a word."""

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


def _complain(line: str) -> int:
    say(terminal.line(line))
    return BAD_INPUT
