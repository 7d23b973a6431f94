from msgspec.structs import replace
from pytestqt.qtbot import QtBot

from app.panels.plots.acceptance import AcceptancePlot
from app.panels.plots.draft_length import DraftLengthPlot
from app.state.store import RunStore
from app.workspaces.decode.plots import DecodePlots
from engine.events import Event, PolicyDecided, RunStarted
from tests.app.panels.plots.fed_plots import feed, shown, store
from tests.engine.runs import stories

__all__ = ["store"]

DECISION = PolicyDecided(1, 4, 7, 1.62, 1.71, "faster")


def run_with_policy() -> list[Event]:
    """A run in which a policy changed the draft length from its second round on."""
    events = list(stories.whole_run())
    first = next(i for i, event in enumerate(events) if type(event).__name__ == "RoundFinished")
    events.insert(first + 1, DECISION)
    assert isinstance(events[0], RunStarted)
    events[0] = replace(events[0], settings=(*events[0].settings, ("policy", "best-s")))
    return events


def test_drafted_and_accepted_tokens_and_the_decision_are_shown(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, DraftLengthPlot)
    feed(store, run_with_policy())
    plot.refresh()
    assert plot.drafted.y.tolist() == [float(len(one)) for one in proposals()]
    assert plot.decision_marks.decisions == [DECISION]
    assert plot.caption.text().startswith("round 2: γ 4 → 7")
    assert plot.reading(1) == "round 2: γ 4 → 7, predicted 1.62 → 1.71: predicted to be faster"
    assert "drafted" in (plot.reading(0) or "")
    assert [len(column.values) for column in plot.columns()] == [len(proposals())] * 3


def proposals() -> list[tuple[object, ...]]:
    return [event.proposed for event in stories.whole_run() if type(event).__name__ == "RoundFinished"]


def test_other_plots_mark_the_round_too(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, AcceptancePlot)
    feed(store, run_with_policy())
    plot.refresh()
    assert plot.decision_marks.item.getData()[0].tolist() == [1]
    feed(store, stories.whole_run())
    plot.refresh()
    assert not plot.decision_marks.decisions


def test_the_plot_is_there_only_for_runs_with_a_policy(qtbot: QtBot, store: RunStore) -> None:
    plots = DecodePlots(store)
    qtbot.addWidget(plots)
    feed(store, stories.whole_run())
    assert plots.draft_length.isHidden()
    feed(store, run_with_policy())
    assert not plots.draft_length.isHidden()
