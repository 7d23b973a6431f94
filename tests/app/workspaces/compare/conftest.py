"""The Compare tab with an engine, and with a finished comparison in it, for the tests of this folder."""

import pytest

from app.panel import Panel
from app.workspaces.compare.workspace import CompareWorkspace
from engine.events import Surveyed
from tests.app.served import talking
from tests.comparisons import comparison


def _settle(workspace: CompareWorkspace) -> None:
    for panel in workspace.findChildren(Panel):
        panel.refresh()
    while workspace.texts.loading:
        workspace.texts._add_some()


@pytest.fixture
def tab(qtbot):  # type: ignore[no-untyped-def]
    """A store with an engine, the tab on it, and a way to make the engine say something."""
    with talking(qtbot, CompareWorkspace, _settle) as talk:
        talk.say(Surveyed("builtin", ()))
        yield talk


@pytest.fixture
def compared(tab):  # type: ignore[no-untyped-def]
    """The same, with a finished comparison."""
    _, _, workspace, say = tab
    workspace.do("run")
    say(*comparison())
    return tab
