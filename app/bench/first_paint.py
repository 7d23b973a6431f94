"""Opens the window as at a start, prints the time of the first paint, and ends; run as its own process."""

import sys
import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app import theme
from app.main_window import MainWindow
from engine.commands import Load


def main() -> int:
    """Print the time of the first paint, in seconds since the epoch, and whether torch was loaded by then."""
    app = QApplication([])
    theme.follow_system(app)

    def report() -> None:
        print(time.time(), "torch" in sys.modules, flush=True)
        app.quit()

    window = MainWindow(Load(), None, make_host=None)
    window.painted.connect(lambda: QTimer.singleShot(0, report))
    window.show()
    status = app.exec()
    window.close_now()
    return status


if __name__ == "__main__":
    sys.exit(main())
