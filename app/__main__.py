"""Entry point: passes a sub-command to the engine before Qt is imported; anything else opens the window."""

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from engine.cli.interruption import guarded, leave

if TYPE_CHECKING:
    from app import arguments

_ENGINE = "engine-process"


def start() -> NoReturn:
    """Run Draftscope as a process of its own; that of an engine ends as its host expects, by the signal itself."""
    leave(main() if sys.argv[1:2] == [_ENGINE] else guarded(main))


def main(argv: list[str] | None = None) -> int:
    """Run Draftscope; returns the exit status."""
    # Imported late, as all else: from here on a stop can be answered.
    from engine.machine import folders

    args = sys.argv[1:] if argv is None else argv
    folders.apply_to_hub()
    if args[:2] == ["bench", "ui"]:
        from app.bench.command import main as bench_main

        return bench_main(args[2:])
    if args[:1] == [_ENGINE]:
        from engine.host.child import main as engine_main

        engine_main(args[1:])
    if args and not args[0].startswith("-"):
        from engine.cli import main as cli_main

        if args[0] == "report" or args[:2] == ["runs", "export"]:
            _offer_pdf()
        return cli_main(args)
    from app import arguments
    from engine.errors import InputError
    from engine.reports.shown_text import one_line

    try:
        options = arguments.parse(args)
    except InputError as err:
        print(one_line(str(err), longest=4_000), file=sys.stderr)
        return 2
    return _open(options)


def _offer_pdf() -> None:
    """Let the commands `report` and `runs export` write PDF too; Qt is imported once it does."""
    from engine.reports import pages
    from engine.reports.documents import ReportOptions
    from engine.runs.trace import Trace

    def page(kept: Trace, options: ReportOptions) -> bytes:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from PySide6.QtGui import QGuiApplication

        from app.plots.report_pdf import pdf

        app = QGuiApplication.instance() or QGuiApplication([])
        assert app is not None
        return pdf(kept.events, options)

    pages.PAGES["pdf"] = page


def _open(options: "arguments.Arguments") -> int:
    """Show the window, or a picture of it."""
    if options.picture is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Imported late: Qt reads the platform when it is loaded, and sub-commands never need Qt.
    try:
        from app import application

        return application.run(options)
    except KeyboardInterrupt:  # before there is a window that could be closed
        sys.stderr.write("draftscope: stopped before the window was there; nothing is lost\n")
        return 130


if __name__ == "__main__":
    start()
