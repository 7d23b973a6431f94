"""The `draftscope` commands, and the one place where their failures become a line and an exit status."""

import io
import sys
from typing import TYPE_CHECKING

from engine.cli.exit_status import BAD_INPUT, OK, STOPPED
from engine.errors import EngineError
from engine.machine.no_memory import LESS, ran_out
from engine.machine.quiet import quiet_logs

if TYPE_CHECKING:
    import typer


def main(argv: list[str] | None = None) -> int:
    """Run one command; `argv` without the program's name. Returns the exit status: 0, 2 bad input, 130 stopped."""
    from engine.cli.commands import tree

    return run_command(tree(), sys.argv[1:] if argv is None else argv, name="draftscope")


def run_command(app: "typer.Typer", argv: list[str], *, name: str) -> int:
    """Run a tree of commands; returns the exit status."""
    import typer
    from typer.exceptions import Abort, Exit, TyperException

    _write_any_text()
    quiet_logs()
    command = typer.main.get_command(app)
    try:
        result = command.main(args=argv, prog_name=name, standalone_mode=False)
    except TyperException as err:
        return _complain(f"{err.format_message()} (see draftscope --help)")
    except EngineError as err:
        return _complain(str(err))
    except Exit as err:
        return err.exit_code
    except (Abort, KeyboardInterrupt):
        return STOPPED
    except SystemExit:  # how typer reports a closed pipe, as after `| head`
        return OK
    except (OSError, MemoryError, ImportError, RuntimeError) as err:
        if ran_out(err):
            return _complain(f"memory ran out, or address space ({_first_line(err)}); {LESS}")
        if not isinstance(err, OSError):
            raise
        return _complain(f"the output could not be written ({err.strerror}); free the disk or name another place")
    return result if isinstance(result, int) else OK


def _write_any_text() -> None:
    """Print every character, whatever the terminal's encoding."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def _complain(line: str) -> int:
    from engine.cli import terminal

    sys.stderr.write(f"draftscope: {terminal.line(line)}\n")
    return BAD_INPUT


def _first_line(err: BaseException) -> str:
    return (str(err).strip() or type(err).__name__).splitlines()[0]
