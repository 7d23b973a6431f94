"""Names what is on show, for the title of the window."""

from PySide6.QtCore import QCoreApplication

from app.text.plain_text import one_line
from app.words import runs
from engine.events import RunStarted

_LONGEST_PROMPT = 60


def tr(words: str) -> str:
    """Translate a part of the title."""
    return QCoreApplication.translate("titles", words)


def window_title(tab: str, started: RunStarted | None) -> str:
    """What is on show, the tab, and the program: what tells windows apart comes first."""
    shown = "" if started is None else run_title(started)
    return " – ".join(filter(None, (shown, tab, tr("Draftscope"))))


def run_title(started: RunStarted) -> str:
    """A run by its prompt and its models."""
    prompt = one_line(started.question, longest=_LONGEST_PROMPT)
    return tr("“{0}”, {1}").format(prompt, runs.pair(started)) if prompt else runs.pair(started)
