"""The headless twin: the commands, and the one place where their failures become a line and an exit status."""

import sys

from engine.errors import EngineError

OK, DEFECT, BAD_INPUT, STOPPED = 0, 1, 2, 130


def main(argv: list[str] | None = None) -> int:
    """Run one command; `argv` without the program's name. Returns the exit status: 0, 2 bad input, 130 stopped."""
    import typer
    from typer.exceptions import Abort, Exit, TyperException

    from engine.cli.commands import app

    command = typer.main.get_command(app)
    try:
        result = command.main(
            args=sys.argv[1:] if argv is None else argv, prog_name="draftscope", standalone_mode=False
        )
    except TyperException as err:
        return _complain(f"{_one_line(err.format_message())} (see draftscope --help)")
    except EngineError as err:
        return _complain(str(err))
    except Exit as err:
        return err.exit_code
    except (Abort, KeyboardInterrupt):
        return STOPPED
    except BrokenPipeError:
        sys.stderr.close()
        return OK
    return result if isinstance(result, int) else OK


def _complain(line: str) -> int:
    sys.stderr.write(f"draftscope: {_one_line(line)}\n")
    return BAD_INPUT


def _one_line(text: str) -> str:
    return " ".join(text.split())
