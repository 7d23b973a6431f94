"""Makes the Qt application and its window, and runs it to its end."""

import sys

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from app import theme
from app.arguments import Arguments
from app.collector import Collector
from app.main_window import MainWindow, saving_host
from app.screenshot import Photographer


def user_settings() -> QSettings:
    """Where the window keeps its state between starts."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "draftscope", "draftscope")


def run(asked: Arguments) -> int:
    """Open the window, or take its picture; returns the exit status."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("draftscope")
    collector = Collector(app)
    app.aboutToQuit.connect(collector.stop)
    if asked.picture is None:
        theme.follow_system(app)
        window = MainWindow(asked.pair, user_settings(), named=asked.named)
        _choose_engine(window, asked)
        window.show()
        return app.exec()
    theme.apply(app, asked.picture.scheme)
    make_host = None if asked.picture.trace is not None else saving_host
    # A picture depends on nothing that was done before it.
    window = MainWindow(asked.pair, None, make_host=make_host)
    _choose_engine(window, asked)
    photographer = Photographer(window, asked.picture)
    photographer.start()
    status = app.exec()
    window.close()
    photographer.clean_up()
    return status


def _choose_engine(window: MainWindow, asked: Arguments) -> None:
    if asked.engine is not None:
        window.engine_choice.choose(asked.engine)
