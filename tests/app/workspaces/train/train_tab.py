"""The Train tab on a store with a loaded model, and what an engine says of a training."""

import pytest

from app.state.store import RunStore
from app.workspaces.train.training import TrainingRunProgress
from app.workspaces.train.workspace import TrainWorkspace
from engine.commands import Train
from engine.events import DrafterMeasured, Event, Measured, TrainingEstimated, TrainingFinished, TrainingStarted
from tests.app.factory import MODEL, PAIR, FakeHost
from tests.app.served import served

COMMAND = Train("builtin", "/texts", "/drafter", {"minutes": 10.0})
STARTED = TrainingStarted(
    "builtin", "/drafter", "forward-kl", 2, 96, 418_272, 540, 32, 90_000, 400, 0, "cpu", "bfloat16"
)
BEFORE = DrafterMeasured("before", 0.0, (0.0, 0.01), 0.02, 4, 0.1, 0.6, 0.55, (0.5, 0.6))
AFTER = DrafterMeasured("after", 0.78, (0.77, 0.80), 0.79, 4, 0.1, 1.5, 1.88, (1.7, 2.0))
FINISHED = TrainingFinished("minutes", "/drafter", 400, 380, 430_080, 2945.0, 0.25, 164.0)
NEEDED = TrainingEstimated("builtin", "cpu", 30_000_000, 7_000_000, 90_000_000, 10**10, 10**7, 2, 96, 418_272, 3000.0)


@pytest.fixture
def tab(qtbot):  # type: ignore[no-untyped-def]
    """A store with a loaded model, the Train tab on it, and a way to make the engine say something."""
    store, host = RunStore(), FakeHost()
    store.attach(host)
    store.load(PAIR)
    workspace = served(TrainWorkspace, store)
    qtbot.addWidget(workspace)
    workspace.resize(1200, 800)
    workspace.show()

    def say(*events: Event) -> None:
        host.say(*events)
        store.pump()
        for panel in (
            workspace.form, workspace.bar, workspace.loss, workspace.alpha, workspace.figures, workspace.messages,
            workspace.error,
        ):  # fmt: skip
            panel.refresh()

    say(MODEL)
    yield store, host, workspace, say
    workspace.close()
    store.close()


@pytest.fixture
def training(tab):  # type: ignore[no-untyped-def]
    store, host, workspace, say = tab
    store.tab(TrainingRunProgress).begin(COMMAND)
    say(STARTED, BEFORE, Measured("alpha", 0.0, 0), Measured("loss", 7.0, 1))
    return store, host, workspace, say
