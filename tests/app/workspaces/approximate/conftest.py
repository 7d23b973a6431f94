"""The Approximate tab with an engine that answers by hand, and a session with a toy pair that says what it would."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.panel import Panel
from app.workspaces.approximate.workspace import ApproximateWorkspace
from engine.commands import Load
from engine.session.session import Session
from tests import fakes
from tests.app.served import TalkingTab, talking
from tests.app.workspaces.approximate.asking import asked


def settle(workspace: ApproximateWorkspace) -> None:
    """Let every panel draw."""
    for panel in workspace.findChildren(Panel):
        panel.refresh()


@pytest.fixture
def tab(qtbot: QtBot) -> Iterator[TalkingTab]:
    """A store with an engine, the tab on it, and a way to make the engine say something."""
    with talking(qtbot, ApproximateWorkspace, settle) as talk:
        asked(talk)  # answers what the setup asks of models
        yield talk


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session with a toy pair in memory."""
    folder = tmp_path_factory.mktemp("toys")
    target = fakes.model(sharpness=4.0)
    drafter = fakes.save(fakes.noisy_copy(target, noise=0.2), folder / "d")
    session = Session()
    list(session.do(Load(fakes.save(target, folder / "t"), drafter)))
    return session


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of twelve short prompts."""
    path = tmp_path_factory.mktemp("texts") / "prompts.txt"
    path.write_text("\n".join(f"{word} {word}" for word in "abcdefghijkl"), "utf-8")
    return path
