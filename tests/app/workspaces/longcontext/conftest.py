"""The Long context tab with an engine, and with a finished measurement in it, for the tests of this folder."""

import pytest

from app.panel import Panel
from app.workspaces.longcontext.workspace import LongContextWorkspace
from tests.app.served import talking
from tests.lengths import measurement


def _settle(workspace: LongContextWorkspace) -> None:
    for panel in workspace.findChildren(Panel):
        panel.refresh()


@pytest.fixture
def tab(qtbot):  # type: ignore[no-untyped-def]
    """A store with an engine, the tab on it with its document read, and a way to make the engine say something."""
    with talking(qtbot, LongContextWorkspace, _settle) as talk:
        reading = talk.workspace.setup.document.reading
        qtbot.waitUntil(lambda: reading.document is not None, timeout=20_000)
        yield talk
        reading.close()


@pytest.fixture
def measured(tab):  # type: ignore[no-untyped-def]
    """The same, with a finished measurement."""
    _, _, workspace, say = tab
    workspace.measure()
    say(*measurement())
    return tab
