"""The Scaling tab with an engine, with an answer or with a sweep in it, for the tests of this folder."""

import pytest
from PySide6.QtWidgets import QApplication

from app.panel import Panel
from app.workspaces.scaling.workspace import ScalingWorkspace
from engine.commands import Command, Estimate, FitAllocation, Survey
from engine.events import Estimated, Refused, Surveyed
from tests.app.factory import MODEL, FakeHost
from tests.app.served import talking
from tests.scaled_answers import BRIDGE, fitted, whole_scaling_answer, whole_sweep


def _settle(workspace: ScalingWorkspace) -> None:
    for panel in workspace.findChildren(Panel):
        panel.refresh()
        while panel.behind:
            panel.refresh()
    QApplication.processEvents()


def answer_questions(host: FakeHost) -> None:
    """Let the engine answer at once what the tab asks by itself; of a fit that there is no sweep."""
    submit = host.submit

    def submit_and_answer(command: Command) -> None:
        submit(command)
        if isinstance(command, Survey):
            host.say(Surveyed(command.target, ()))
        elif isinstance(command, Estimate):
            host.say(Estimated(1, 2, 3, 10**9, "cpu", "builtin", "builtin", context=2048))
        elif isinstance(command, FitAllocation):
            is_swept = bool(command.sweep)
            host.say(fitted() if is_swept else Refused("fitallocation", "there is no sweep of this target", "sweep"))

    host.submit = submit_and_answer  # type: ignore[method-assign]


@pytest.fixture
def tab(qtbot):  # type: ignore[no-untyped-def]
    """A store with an engine, the tab on it, and a way to make the engine say something."""
    with talking(qtbot, ScalingWorkspace, _settle) as talk:
        asked = [command for command in talk.host.submitted if isinstance(command, FitAllocation)]
        answer_questions(talk.host)
        for _ in asked:
            talk.say(Refused("fitallocation", "there is no sweep of this target", "sweep"))
        yield talk


@pytest.fixture
def done(tab):  # type: ignore[no-untyped-def]
    """The same, with a whole answer."""
    _, _, workspace, say = tab
    workspace.bar.line.setText(BRIDGE)
    workspace.do("run")
    say(MODEL)
    say(*whole_scaling_answer())
    yield tab


@pytest.fixture
def swept(tab):  # type: ignore[no-untyped-def]
    """The same, with a whole sweep and its fit."""
    _, _, workspace, say = tab
    workspace.sweep()
    say(MODEL)
    say(*whole_sweep())
    say()
    yield tab
