"""Creates the Qt application and its window, and runs it until it ends."""

import sys
from functools import partial

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from app import theme
from app.arguments import Arguments
from app.choices import engine_threads
from app.collector import Collector
from app.main_window import MainWindow, saving_host
from app.screenshot import Photographer
from app.theme.icon import application_icon
from app.widgets.closing import end_process_within
from app.widgets.ending_signals import STOPPED, EndingSignals


def user_settings() -> QSettings:
    """The file that keeps the window's state between starts."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "draftscope", "draftscope")


def run(options: Arguments) -> int:
    """Open the window, or take its picture; returns the exit status."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("draftscope")
    app.setApplicationDisplayName("")  # the title names the program itself
    app.setWindowIcon(application_icon())
    collector = Collector(app)
    app.aboutToQuit.connect(collector.stop)
    if options.picture is None:
        theme.follow_system(app)
        engine_threads.use(engine_threads.saved(user_settings()))
        make_host = partial(saving_host, save=not options.no_save)
        window = MainWindow(options.pair, user_settings(), make_host=make_host, named=options.named)
        window.closing.connect(end_process_within)
        _choose_engine(window, options)
        window.show()
        signals = EndingSignals(window)
        signals.asked.connect(window.close_now)
        status = app.exec()
        signals.close()
        return STOPPED if signals.came else status
    theme.apply(app, options.picture.scheme)
    photographed_host = None if options.picture.trace is not None else partial(saving_host, save=not options.no_save)
    # Without settings, so that a picture does not depend on earlier sessions.
    window = MainWindow(options.pair, None, make_host=photographed_host)
    _choose_engine(window, options)
    photographer = Photographer(window, options.picture)
    photographer.start()
    signals = EndingSignals(window)
    signals.asked.connect(app.quit)
    status = app.exec()
    signals.close()
    window.close_now()
    photographer.clean_up()
    return STOPPED if signals.came else status


def _choose_engine(window: MainWindow, options: Arguments) -> None:
    if options.engine is not None:
        window.engine_choice.choose(options.engine)
