"""Opens the window as at a start, prints the time of the first paint, and ends; run as its own process.

With the argument `pair` it goes on until the built-in pair is loaded, and prints that time too."""

import sys
import time
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app import theme
from app.collector import Collector
from app.main_window import MainWindow, saving_host
from engine.commands import Load

PAIR = "pair"


def main() -> int:
    """Print the time of the first paint, in seconds since the epoch, and whether torch was loaded by then; then, where
    it was asked for, the time at which the pair was ready."""
    with_pair = PAIR in sys.argv[1:]
    app = QApplication([])
    theme.follow_system(app)
    collector = Collector(app)  # as the program itself does

    def report() -> None:
        print(time.time(), "torch" in sys.modules, flush=True)
        if not with_pair:
            app.quit()

    def report_pair() -> None:
        if window.store.engine.model is not None:
            print(time.time(), flush=True)
            app.quit()

    window = MainWindow(Load(), None, make_host=partial(saving_host, save=False) if with_pair else None)
    window.painted.connect(lambda: QTimer.singleShot(0, report))
    window.store.changed.connect(report_pair)
    window.show()
    status = app.exec()
    collector.stop()
    window.close_now()
    return status


if __name__ == "__main__":
    sys.exit(main())
