"""A Runs tab, for the tests of this folder."""

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.state.store import RunStore
from app.workspaces.runs.workspace import RunsWorkspace
from tests.app.factory import FakeHost
from tests.app.served import served


@pytest.fixture
def tab(qtbot: QtBot) -> Iterator[RunsWorkspace]:
    store, host = RunStore(), FakeHost()
    store.attach(host)
    workspace = served(RunsWorkspace, store)
    qtbot.addWidget(workspace)
    workspace.resize(1200, 800)
    yield workspace
    workspace.close()
    workspace.shut_down()
    store.close()
