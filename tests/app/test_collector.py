"""Garbage is collected on the thread of the window."""

import gc
import weakref

from PySide6.QtCore import QObject

from app.collector import Collector


class Knot:
    """Garbage that only the collector can untie."""

    def __init__(self) -> None:
        self.itself = self


def test_garbage_is_collected_here_and_nowhere_by_itself(qtbot):
    parent = QObject()
    collector = Collector(parent)
    try:
        assert not gc.isenabled()
        knot = weakref.ref(Knot())
        kept = [[] for _ in range(gc.get_threshold()[0] + 1000)]
        assert knot() is not None
        collector.look()
        assert knot() is None
        assert kept
    finally:
        collector.stop()
    assert gc.isenabled()
    gc.disable()


def test_the_first_look_waits_until_an_engine_has_imported_its_libraries(qtbot):
    parent = QObject()
    collector = Collector(parent)
    try:
        first = collector._timer.interval()
        collector._on_time()
        assert first > collector._timer.interval() == 1000
    finally:
        collector.stop()
    gc.disable()
