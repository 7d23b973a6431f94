"""The status line: its figures belong to the run it speaks of, and a stop is acknowledged at once."""

import pytest

from app.panels.status import StatusPanel
from app.panels.verbs import Verbs
from app.state.indexing import IndexProgress
from app.state.store import RunStore
from app.workspaces.train.training import TrainingRunProgress
from engine.commands import Evaluate, Index, Load, Measure, Run, Train
from engine.events import Progressed, Refused, RunFinished
from engine.settings import Request
from tests.app.factory import MODEL, PAIR, FakeHost, blocks, whole_run

RUN = Run("speculative", {}, Request("x"))


@pytest.fixture
def status(qtbot):
    store, host = RunStore(), FakeHost()
    store.attach(host)
    for kind in (IndexProgress, TrainingRunProgress):
        store.tab(kind)
    panel = StatusPanel(store, verbs=Verbs(store))
    qtbot.addWidget(panel)
    panel.show()
    panel.every_ms = 0
    store.load(PAIR)

    def say(*events):
        host.say(*events)
        store.pump()

    say(MODEL)
    yield store, host, panel, say
    panel.close()


@pytest.mark.parametrize(
    "work",
    [Index(("d",), "i"), Train("builtin", "", "o", {}), Measure(4), Evaluate("builtin", {}, {}), Load(drafter="none")],
    ids=lambda work: work.name,
)
def test_figures_of_a_run_are_gone_while_other_work_is_under_way(status, work) -> None:
    store, _host, panel, say = status
    store.run(PAIR, RUN)
    say(*whole_run())
    assert (panel.speed.text(), panel.same.text()) == ("200 tokens/s, timed", "same text ✓")
    store.commands.ask(work)
    store.watch()
    assert (panel.speed.text(), panel.same.text()) == ("", "")
    say(Refused(work.name, "no", "yes"))
    assert panel.speed.text() == "200 tokens/s, timed"


def test_the_next_run_begins_without_the_figures_of_the_last(status) -> None:
    store, _host, panel, say = status
    store.run(PAIR, RUN)
    say(*whole_run())
    store.run(PAIR, RUN)
    assert (panel.speed.text(), panel.same.text()) == ("", "")


def test_speed_says_of_which_pass_it_is(status) -> None:
    store, _host, panel, say = status
    store.run(PAIR, RUN)
    say(*whole_run()[:4])
    assert panel.speed.text().endswith("tokens/s, as written")
    say(*blocks())
    assert panel.speed.text() == "200 tokens/s, timed"


def test_an_index_says_count_rate_and_the_time_left_of_all_its_stages(status) -> None:
    store, _host, panel, say = status
    store.tab(IndexProgress).begin(Index(("builtin",), "i"))
    say(Progressed("embedding", 163, 0, "passages", 2.0))
    assert panel.state.text() == "making the index: embedded 163 passages, 82 a second"
    assert panel.left.text() == ""
    assert panel.progress.moving
    say(Progressed("embedding", 1000, 5324, "passages", 10.0, 45.4))
    assert panel.state.text() == "making the index: embedded 1,000 of 5,324 passages, 100 a second"
    assert panel.left.text() == "45 s left"
    assert panel.progress.value() == 188
    say(Progressed("writing", 0, 0, "indexes", 50.0))
    assert panel.state.text() == "making the index: the passages are made searchable"
    assert panel.progress.moving


@pytest.mark.parametrize(
    ("begun", "words"),
    [(whole_run()[:3], "Stopping after this round…"), (whole_run()[:8], "Stopping after this step…")],
)
def test_a_stop_of_a_run_is_acknowledged_before_the_engine_answers(status, begun, words) -> None:
    store, host, panel, say = status
    panel.every_ms = 1000
    store.run(PAIR, RUN)
    say(*begun)
    assert panel.stop.isEnabled()
    store.cancel()
    assert host.n_cancelled == 1
    assert panel.state.text() == words
    assert not panel.stop.isEnabled()
    assert words in panel.stop.toolTip()
    say(RunFinished("cancelled", 3))
    assert not store.stopping


def test_a_stop_of_a_training_changes_all_buttons_at_once(status) -> None:
    store, _host, panel, say = status
    training = store.tab(TrainingRunProgress)
    training.begin(Train("builtin", "", "o", {}))
    say(Progressed("measuring", 3, 40, "held-out texts", 2.0, 100.0))
    assert panel.state.text() == "measuring the drafter, 3 of 40 held-out texts, 2 min left"
    training.hold(held=True)
    store.cancel()
    assert panel.state.text() == training.status(None) == "Stopping after this step…"
    assert not (training.can_hold or training.record.held or panel.stop.isEnabled())
    assert panel.left.text() == ""
