"""Entry: a sub-command goes to the engine's commands before Qt is imported; anything else opens the window."""

import os
import sys
from typing import TYPE_CHECKING

from engine.errors import InputError

if TYPE_CHECKING:
    from app import arguments


def main(argv: list[str] | None = None) -> int:
    """Run Draftscope; returns the exit status."""
    given = sys.argv[1:] if argv is None else argv
    if given[:2] == ["bench", "ui"]:
        from app.bench.command import main as bench_main

        return bench_main(given[2:])
    if given[:1] == ["engine-process"]:
        from engine.host.child import main as engine_main

        engine_main(given[1:])
    if given and not given[0].startswith("-"):
        from engine.cli import main as cli_main

        return cli_main(given)
    from app import arguments

    try:
        asked = arguments.parse(given)
    except InputError as err:
        print(err, file=sys.stderr)
        return 2
    return _open(asked)


def _open(asked: "arguments.Arguments") -> int:
    """Show the window, or a picture of it."""
    if asked.picture is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Imported late: Qt looks at the platform when it is loaded, and sub-commands never need it.
    from app import application

    return application.run(asked)


if __name__ == "__main__":
    sys.exit(main())
