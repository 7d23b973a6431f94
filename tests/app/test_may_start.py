"""One rule for what may start and stop: the store gives the reason, and buttons and menus follow it."""

from collections.abc import Callable

import pytest

from app.main_window import MainWindow
from app.state.indexing import IndexProgress
from app.state.store import RunStore
from app.state.tab_state import TabState
from app.widgets.permission import allow
from app.workspaces.decode.measuring import MeasuringProgress
from app.workspaces.rag.evaluations import EvaluationProgress
from app.workspaces.train.training import TrainingRunProgress
from engine.commands import Evaluate, Index, Load, Measure, Train
from tests.app.factory import MODEL, PAIR, FakeHost, blocks, started, text_done, whole_run

BEGUN: list[tuple[Callable[[RunStore], None], str]] = [
    (lambda store: store.tab(IndexProgress).begin(Index(("docs",), "index")), "an index is being made"),
    (lambda store: store.tab(MeasuringProgress).begin(PAIR, Measure(4)), "a pair is being measured"),
    (
        lambda store: store.tab(EvaluationProgress).begin(PAIR, Evaluate("builtin", {}, {})),
        "an evaluation is under way",
    ),
    (lambda store: store.tab(TrainingRunProgress).begin(Train("builtin", "", "out", {})), "a drafter is being trained"),
]


@pytest.fixture
def window(qtbot):  # type: ignore[no-untyped-def]
    """A window whose engine has a pair, and the host that speaks for the engine."""
    host = FakeHost()
    made = MainWindow(Load(), None, make_host=lambda: host)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    host.say(MODEL)
    made.store.pump()
    made.host = host
    yield made
    host.say(*whole_run())
    made.store.pump()
    made.close_now()


def buttons(window: MainWindow) -> set[bool]:
    """Whether Run may be pressed, in the bar and in the menu."""
    window.workspaces["decode"].prompt.draw((), window.store.summary)
    return {window.workspaces["decode"].prompt.run.isEnabled(), window._menus.actions["run"].isEnabled()}


@pytest.mark.parametrize(("begin", "reason"), BEGUN, ids=[reason for _, reason in BEGUN])
def test_what_is_under_way_is_the_reason_why_nothing_else_starts(
    begin: Callable[[RunStore], None], reason: str, window: MainWindow
) -> None:
    assert (window.store.may_start(), buttons(window)) == ("", {True})
    begin(window.store)
    assert (window.store.may_start(), buttons(window)) == (reason, {False})
    assert reason in window.workspaces["decode"].prompt.run.toolTip()
    assert window.store.may_stop() == ""


def test_while_only_the_baseline_is_measured_a_run_may_start(window: MainWindow) -> None:
    window.verbs.do("run")
    assert (window.store.may_start(), buttons(window)) == ("a run is under way", {False})
    window.host.say(started(), text_done(), *blocks(1))
    window.store.pump()
    assert window.store.doing == "measuring"
    assert (window.store.may_start(), buttons(window)) == ("", {True})


def test_nothing_can_be_stopped_where_nothing_is_under_way(window: MainWindow) -> None:
    assert window.store.may_stop() == "nothing is under way"
    window.workspaces["decode"].prompt.draw((), window.store.summary)
    assert not window.workspaces["decode"].prompt.stop.isEnabled()
    assert "nothing is under way" in window.workspaces["decode"].prompt.stop.toolTip()


def test_a_tab_that_overrides_nothing_keeps_nobody_from_starting(window: MainWindow) -> None:
    class Idle(TabState):
        def __init__(self, store: RunStore) -> None:
            self.store = store

    assert window.store.tab(Idle) is window.store.tab(Idle)
    assert window.store.may_start() == ""
    assert window.store.tab(Idle).status(None) == ""


def test_a_button_says_what_it_does_and_why_it_may_not(window: MainWindow) -> None:
    button = window.workspaces["decode"].prompt.run
    allow(button, "busy", "Run it")
    assert (button.isEnabled(), button.toolTip()) == (False, "Run it\nbusy")
    allow(button, "", "Run it")
    assert (button.isEnabled(), button.toolTip()) == (True, "Run it")
