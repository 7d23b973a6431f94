"""The Long context tab with an engine, and with a finished measurement in it, for the tests of this folder."""

import pytest

from app.panel import Panel
from app.workspaces.longcontext.workspace import LongContextWorkspace
from engine.commands import Command, Estimate, ReadText, Survey
from engine.events import AttentionChecked, Estimated, Surveyed, TextRead
from tests.app.factory import FakeHost
from tests.app.served import talking
from tests.lengths import measurement


def _answer_questions(host: FakeHost) -> None:
    """Let the engine answer at once what the tab asks by itself, so that commands need not wait behind it."""
    submit = host.submit

    def submit_and_answer(command: Command) -> None:
        submit(command)
        if isinstance(command, Survey):
            host.say(Surveyed(command.target, ()))
        elif isinstance(command, Estimate):
            pair = command.pair
            host.say(Estimated(1, 2, 3, 10**9, "cpu", pair.target, pair.drafter, context=2048))
        elif isinstance(command, ReadText):
            host.say(read(command))

    host.submit = submit_and_answer  # type: ignore[method-assign]


def read(question: ReadText) -> TextRead:
    """The text that the engine would read for a question."""
    ids = tuple(range(question.length or 2048 - question.n_new))
    kernels = (AttentionChecked("cudnn", "SDPA, cuDNN", "torch has it for CUDA only, this is cpu"),)
    return TextRead(question.text, "<b>Book</b>", question.pages, ids, "", 9000, "cut", (), question.serial, kernels)


def _settle(workspace: LongContextWorkspace) -> None:
    for panel in workspace.findChildren(Panel):
        panel.refresh()


@pytest.fixture
def tab(qtbot):  # type: ignore[no-untyped-def]
    """A store with an engine, the tab on it with its document read, and a way to make the engine say something."""
    with talking(qtbot, LongContextWorkspace, _settle) as talk:
        # What the setup asks for by itself: what the pair takes, which models there are.
        talk.say(Estimated(32_000_000, 8_000_000, 9_000_000, 2 * 10**9, "cpu", "builtin", "builtin", context=2048))
        talk.say(Surveyed("builtin", ()))
        _answer_questions(talk.host)
        pending = [command for command in talk.host.submitted if isinstance(command, ReadText)]
        talk.say(*map(read, pending[-1:]))
        yield talk


@pytest.fixture
def measured(tab):  # type: ignore[no-untyped-def]
    """The same, with a finished measurement."""
    _, _, workspace, say = tab
    workspace.measure()
    say(*measurement())
    return tab
