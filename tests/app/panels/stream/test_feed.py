"""Long prompts come in slices, in their order, and their end is shown first."""

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from app.panels.stream.panel import TokenStreamPanel
from app.state.store import RunStore
from tests.app.factory import a_round, started

Shown = tuple[RunStore, TokenStreamPanel, Callable[..., None]]


def test_a_long_prompt_comes_in_slices_and_rounds_behind_it(shown: Shown, qtbot: QtBot) -> None:
    store, panel, _ = shown
    pieces = [f" w{i}" for i in range(20_000)]
    store.take(started(pieces=pieces))
    store.take(a_round(0, [" a"], (), " end"))
    panel.refresh()
    assert 0 < len(panel.view.tokens) < 20_002 or panel.settled
    qtbot.waitUntil(lambda: panel.settled, timeout=60_000)
    assert len(panel.view.tokens) == 20_002
    assert panel.view.text() == "".join(pieces) + " a end"


def test_the_end_is_in_view_before_all_is_laid_out(shown: Shown, qtbot: QtBot) -> None:
    store, panel, _ = shown
    store.take(started(pieces=[f" w{i}" for i in range(20_000)]))
    panel.refresh()
    qtbot.waitUntil(lambda: not panel._feed.busy, timeout=60_000)
    assert panel.view.lines.tokens_of(0, panel.view.lines.n_lines - 1)[1] == 19_999  # type: ignore[index]
    store.take(a_round(0, [" a"], (), " end"))
    panel.refresh()
    assert panel.view.lines.tokens_of(0, panel.view.lines.n_lines - 1)[1] == 20_001  # type: ignore[index]
    qtbot.waitUntil(lambda: panel.settled, timeout=60_000)
    bar = panel.view.verticalScrollBar()
    assert bar.value() == bar.maximum() > 0


def test_another_run_drops_what_waits(shown: Shown, qtbot: QtBot) -> None:
    store, panel, say = shown
    store.take(started("long", pieces=[" w"] * 20_000))
    panel.refresh()
    say(started("short", pieces=("Hello", " there")))
    qtbot.waitUntil(lambda: panel.settled, timeout=60_000)
    assert panel.view.text() == "Hello there"


def test_a_hidden_stream_takes_nothing_in(shown: Shown, qtbot: QtBot) -> None:
    store, panel, _ = shown
    store.take(started(pieces=[" w"] * 20_000))
    panel.refresh()
    panel.hide()
    assert not panel._feed._timer.isActive()
    panel.show()
    qtbot.waitUntil(lambda: panel.settled, timeout=60_000)
    assert len(panel.view.tokens) == 20_000
