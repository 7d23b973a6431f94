"""The `draftscope` commands. With it comes only what can stop them: on a cold disk all else takes long."""

from engine.cli.interruption import guarded

TYPE_CHECKING = False  # that of typing takes long to import, too
if TYPE_CHECKING:
    import typer


def main(argv: list[str] | None = None) -> int:
    """Run one command; `argv` without the program's name. Returns the exit status: 0, 2 bad input, 130 stopped."""

    def run() -> int:
        import sys

        from engine.cli.commands import tree

        return run_command(tree(), sys.argv[1:] if argv is None else argv, name="draftscope")

    return guarded(run)


def run_command(app: "typer.Typer", argv: list[str], *, name: str) -> int:
    """Run a tree of commands; returns the exit status."""
    from engine.cli import command_line

    return command_line.run_command(app, argv, name=name)
