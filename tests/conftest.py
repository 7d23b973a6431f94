"""What holds for every test: no display, no network, no file outside the test's folder, nothing left behind."""

import gc
import importlib
import itertools
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
# Tiny models gain nothing from a second thread, and two test runs side by side lose much by it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

try:
    from PySide6.QtCore import QSettings, QTimer
    from PySide6.QtWidgets import QApplication
except ImportError:  # a machine for the engine alone
    QApplication = None  # type: ignore[assignment, misc]
    collect_ignore = ["app"]

_ROOT = Path(__file__).parent
_KERNELS = "NUMBA_CACHE_DIR"
_LOCAL = ("127.", "localhost", "::1")
# Pools that transformers leaves behind after a load, LanceDB's one loop, and tqdm's monitor: not ours to end.
_FOREIGN_NAMES = ("ThreadPoolExecutor", "LanceDBBackgroundEventLoop")
_FOREIGN_KIND = "TMonitor"
_GRACE_S = 1.0
_MUCH_GARBAGE = 50_000
# Libraries of so many objects that a collection of them all takes half a second.
_HEAVY = ("torch", "transformers", "sklearn", "lancedb", "numba", "sentence_transformers")
_looked_at: set[str] = set()

# Elapsed time is no property of the code: a machine that does other things as well fails nothing.
with suppress(ImportError):  # a machine for the engine alone
    from hypothesis import HealthCheck, settings

    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Every process of this session shares what numba compiles, which takes each of them seconds otherwise.

    Garbage of one test is never collected on a worker thread of another, as it may hold Qt objects: see `_collect`."""
    gc.disable()
    config.add_cleanup(gc.enable)
    if _KERNELS not in os.environ:
        folder = tempfile.mkdtemp(prefix="draftscope-kernels-")
        os.environ[_KERNELS] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_collection(session: pytest.Session) -> None:
    """Every second worker imports from the last file on: two of them compile half of the files each, not all of them.

    Each finds there what the other has compiled, as long as Python may write that down."""
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0")[-1] not in "13579":
        return
    files = (path for folder in session.config.args for path in (_ROOT.parent / folder).rglob("test_*.py"))
    for path in sorted(files, reverse=True):
        with suppress(Exception, pytest.skip.Exception):  # said again where the file is collected
            importlib.import_module(".".join(path.relative_to(_ROOT.parent).with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, the many short ones of the window last: so two workers end at about the same time."""
    rooms = {"app": 2, "contract": 1, "engine": 1}
    items.sort(key=lambda item: rooms.get(item.path.relative_to(_ROOT).parts[0], 0))


def pytest_collection_finish() -> None:
    """The modules and tests found stay to the end: no collection of garbage has to look at them."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _collect(request: pytest.FixtureRequest) -> Iterator[None]:
    """Collect now and then, on the thread that runs the tests; what libraries brought with them is looked at once."""
    yield
    if gc.get_count()[0] > _MUCH_GARBAGE:
        gc.collect()
        brought = {name for name in _HEAVY if name in sys.modules}
        if brought - _looked_at:
            _looked_at.update(brought)
            gc.freeze()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family != getattr(socket, "AF_UNIX", None) and not str(host).startswith(_LOCAL):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that no test has had yet; pytest's own would list those of all tests before, for each test anew."""
    base = tmp_path_factory.mktemp("users")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch, _homes: Iterator[Path]) -> None:
    """User data, configuration and QSettings lie in a folder of the test."""
    home = next(_homes)
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    if QApplication is None:
        return
    for kind in (QSettings.Format.IniFormat, QSettings.Format.NativeFormat):
        QSettings.setPath(kind, QSettings.Scope.UserScope, str(home / "config"))


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other programs compute beside the tests changes nothing in them."""
    monkeypatch.setattr("engine.machine.other_work._SHORTEST_S", float("inf"))


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    """A test ends the threads, stops the timers and closes the windows that it began."""
    threads = set(threading.enumerate())
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in threads and _outlives(thread)]
    assert not left, f"threads left running: {left}"
    if QApplication is not None and isinstance(app := QApplication.instance(), QApplication):
        windows = [widget for widget in app.topLevelWidgets() if widget.isVisible()]
        assert not windows, f"windows left open: {windows}"
        timers = [
            timer for widget in app.topLevelWidgets() for timer in widget.findChildren(QTimer) if timer.isActive()
        ]
        assert not timers, f"timers left running: {timers}"


def _outlives(thread: threading.Thread) -> bool:
    """Whether a thread of ours goes on after it was given a moment to end."""
    if thread.name.startswith(_FOREIGN_NAMES) or type(thread).__name__ == _FOREIGN_KIND:
        return False
    thread.join(_GRACE_S)
    return thread.is_alive()
