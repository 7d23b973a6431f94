"""The RAG tab with an engine, a question or an answer in it, for the tests of this folder."""

import pytest
from msgspec.structs import replace

from app.workspaces.rag.workspace import RagWorkspace
from tests.app.answers import QUESTION, whole_answer
from tests.app.factory import MODEL
from tests.app.served import talking
from tests.app.workspaces.rag.tab import settle


@pytest.fixture
def tab(qtbot):  # type: ignore[no-untyped-def]
    """A store with an engine, the RAG tab on it, and a way to make the engine say something."""
    with talking(qtbot, RagWorkspace, settle) as talk:
        yield talk


@pytest.fixture
def asked(tab):  # type: ignore[no-untyped-def]
    """The same, with a question that the engine has."""
    store, host, workspace, say = tab
    workspace.bar.line.setText(QUESTION)
    workspace.bar.ask.click()
    say(replace(MODEL, drafter="builtin:rag"))
    yield store, host, workspace, say


@pytest.fixture
def done(asked):  # type: ignore[no-untyped-def]
    """The same, with the whole answer."""
    _store, _host, _workspace, say = asked
    say(*whole_answer())
    yield asked
