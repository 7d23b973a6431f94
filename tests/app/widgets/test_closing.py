import subprocess
import sys

import pytest
from PySide6.QtCore import Qt

from app import application
from app.main_window import MainWindow
from app.widgets.closing import ClosingQuestion
from engine.commands import Index
from tests.app.factory import MODEL, PAIR, FakeHost, a_round, started, whole_run

# A window whose engine never lets go, as a library stuck in native code: the answer alone must end the process.
_STUCK = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from app import application, main_window
from app.arguments import parse
from engine.commands import Index
from tests.app.factory import MODEL, FakeHost

class StuckHost(FakeHost):
    def close(self):
        import time
        time.sleep(3600)

def answer():
    window = next(w for w in QApplication.topLevelWidgets() if isinstance(w, main_window.MainWindow))
    host.say(MODEL)
    window.store.pump()
    window.store.commands.ask(Index(("builtin",), "somewhere"))
    window.close()
    print(window.question.text(), flush=True)
    window.question.close_anyway.click()

app = QApplication([])
host = StuckHost()
application.saving_host = lambda *, save=True: host
QTimer.singleShot(500, answer)
application.run(parse([]))
"""


@pytest.fixture
def window(qtbot):
    host = FakeHost()
    window = MainWindow(PAIR, None, make_host=lambda: host)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    host.say(MODEL)
    window.store.pump()
    yield window, host
    window.close_now()


def _begin_a_run(window, host):
    window.verbs.do("run")
    host.say(started(), a_round(0, [" a"]))
    window.store.pump()


def test_a_window_at_rest_closes_without_a_question(window):
    window, host = window
    window.close()
    assert host.closed and not window.isVisible() and not window.question.isVisible()


def test_a_model_that_is_loading_is_no_reason_to_ask(qtbot):
    host = FakeHost()
    window = MainWindow(PAIR, None, make_host=lambda: host)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    window.close()
    assert host.closed


def test_work_that_waits_for_its_pair_is_a_reason_to_ask(qtbot):
    host = FakeHost()
    window = MainWindow(PAIR, None, make_host=lambda: host)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    window.store.commands.ask(Index(("builtin",), "somewhere"))
    window.close()
    assert window.question.text() == "An index is being made." and not host.closed
    window.escape()
    assert window.stop_question.isVisible() and host.n_cancelled == 0
    window.close_now()


def test_closing_during_a_run_asks_once_and_names_what_runs(window):
    window, host = window
    _begin_a_run(window, host)
    window.close()
    window.close()
    questions = [question for question in window.findChildren(ClosingQuestion) if question.isVisible()]
    assert questions == [window.question]
    assert window.question.text() == "A run is under way."
    assert window.question.textFormat() == Qt.TextFormat.PlainText
    assert window.isVisible() and not host.closed


def test_keep_working_keeps_the_run(window):
    window, host = window
    _begin_a_run(window, host)
    window.close()
    window.question.keep_working.click()
    assert window.isVisible() and host.n_cancelled == 0 and not window.question.isVisible()
    host.say(*whole_run()[2:])
    window.store.pump()
    assert window.store.summary.n_rounds > 1


def test_stop_and_close_stops_the_run_first(window):
    window, host = window
    _begin_a_run(window, host)
    window.close()
    window.question.close_anyway.click()
    assert host.n_cancelled == 1 and host.closed and not window.isVisible()


def test_a_file_that_is_being_written_is_named_too(window, monkeypatch):
    window, _ = window
    monkeypatch.setattr(type(window.workspaces["runs"]), "is_writing", True)
    window.close()
    assert window.question.text() == "A file is being written."


def test_the_process_ends_after_the_answer_even_if_the_engine_never_lets_go():
    ended = subprocess.run([sys.executable, "-c", _STUCK], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "An index is being made.\n"), ended.stderr[-2000:]


def test_the_picture_of_a_window_never_asks():
    assert "close_now" in application.run.__code__.co_names
