from app.state.run_record import RunRecord
from app.state.store import RunStore
from app.workspaces.decode.best_gamma import BestGamma
from app.workspaces.decode.metrics import MetricsPanel
from engine.experiments.prediction import best_gamma
from engine.experiments.recorded import recorded_run
from tests.app.factory import FakeHost
from tests.engine.runs import stories


def record() -> RunRecord:
    run = RunRecord(1)
    run.add_all(stories.whole_run())
    return run


def test_the_fastest_draft_length_is_that_of_what_if(qtbot):
    replay, run = BestGamma(None), record()
    assert replay.of(None) is None
    assert replay.of(run) is None  # asked now
    qtbot.waitUntil(lambda: replay.of(run) is not None)
    assert replay.of(run) == best_gamma(recorded_run(stories.whole_run()))
    replay.close()


def test_the_panel_shows_it_once_it_is_known(qtbot):
    store, host = RunStore(), FakeHost()
    store.attach(host)
    panel = MetricsPanel(store)
    qtbot.addWidget(panel)
    panel.show()
    host.say(*stories.whole_run())
    store.pump()
    expected = str(best_gamma(recorded_run(stories.whole_run())) or "leave it off")
    qtbot.waitUntil(lambda: panel.values()["best draft length γ"] == expected)
    assert panel.values()["speedup predicted"] == f"{store.summary.predicted_speedup:.2f}×"
    panel.best_gamma.close()
    panel.close()
    store.close()
