"""A run with a gate in the tab: its text, audits and figures in view; the run at another threshold in its place."""

from threading import Event as Flag

from app.workspaces.approximate.pages import ApproximatePages
from app.workspaces.approximate.workspace import ApproximateWorkspace
from engine.commands import Run
from engine.events import Event, RoundFinished, RunFinished
from engine.session.session import Session
from tests.app.served import TalkingTab
from tests.app.workspaces.approximate.asking import asked


def pages_of(tab: TalkingTab, **settings: bool | int | float | str) -> ApproximatePages:
    """The pages, set for a short run whose gate is the drafter's own probability."""
    workspace = tab.workspace
    assert isinstance(workspace, ApproximateWorkspace)
    chosen = {"max_new_tokens": 24, "gate": "q", "audit": 1.0, "cap": 6, "repeats": 1, "stop_at_end": False}
    for form in (workspace.setup.form, workspace.pages.live.figures.form):
        form.set_values({**chosen, **settings})
    workspace.pages.live.prompt.prompt.setPlainText("The harbour")
    return workspace.pages


def run_events(tab: TalkingTab, toys: Session) -> list[Event]:
    """What the engine says of the run that was asked for last."""
    command = asked(tab)
    assert isinstance(command, Run) and command.method == "sprinter"
    return list(toys.do(command, Flag()))


def test_a_run_shows_what_the_gate_let_through_and_what_it_cost(tab: TalkingTab, toys: Session) -> None:
    pages, workspace = pages_of(tab), tab.workspace
    assert isinstance(workspace, ApproximateWorkspace)
    workspace.run_at(0.01)
    assert pages.currentWidget() is pages.live and asked(tab).settings["threshold"] == 0.01  # type: ignore[attr-defined]
    events = run_events(tab, toys)
    tab.say(*events)
    n_unverified = sum(
        token.fate == "unverified" for each in events if isinstance(each, RoundFinished) for token in each.proposed
    )
    said = pages.live.figures.figures.text()
    assert n_unverified > 0 and f"accepted, unverified: {n_unverified} of 24 new tokens" in said
    for words in (
        "Approximate: gate from 0.01",
        "target calls",
        "drafts",
        "speed against plain decoding: ",
        "greedy text",
    ):
        assert words in said
    assert pages.live.stream.gate.isVisible() and pages.live.stream.view.marks.gate
    assert pages.live.audit.strip.isVisible() and len(pages.live.audit.strip.marks) == n_unverified
    assert workspace.shown_record is tab.store.history.shown and workspace.reported


def test_a_threshold_that_nothing_reaches_writes_the_targets_text(tab: TalkingTab, toys: Session) -> None:
    pages = pages_of(tab, cap=1)
    pages.run_at(1.0)
    tab.say(*run_events(tab, toys))
    assert "✓ the same as the target's greedy text" in pages.live.figures.figures.text()


def test_a_new_threshold_takes_the_place_of_the_run_under_way(tab: TalkingTab, toys: Session) -> None:
    pages = pages_of(tab, baseline=False)
    pages.run_at(0.5)
    first = run_events(tab, toys)
    tab.say(*first[:4])
    pages.run_at(0.7)
    assert tab.host.n_cancelled == 1
    tab.say(RunFinished("cancelled", 4))
    command = asked(tab)
    assert isinstance(command, Run) and command.settings["threshold"] == 0.7
    tab.say(*run_events(tab, toys))
    assert "gate from 0.7" in pages.live.figures.figures.text()


def test_other_work_is_not_stopped_by_a_threshold(tab: TalkingTab) -> None:
    pages, workspace = pages_of(tab), tab.workspace
    assert isinstance(workspace, ApproximateWorkspace)
    workspace.sweep()
    pages.run_at(0.3)
    assert tab.host.n_cancelled == 0 and not isinstance(asked(tab), Run)
    assert "no run from 0.3" in tab.store.told


def test_without_a_model_as_drafter_nothing_runs(tab: TalkingTab) -> None:
    pages, workspace = pages_of(tab), tab.workspace
    assert isinstance(workspace, ApproximateWorkspace)
    workspace.setup.models.choose("builtin", "lookup")
    pages.setCurrentWidget(pages.live)
    assert "a gate needs a drafter that is a model" in workspace.why_not("run")
    pages.run_at(0.3)
    assert not isinstance(asked(tab), Run)
