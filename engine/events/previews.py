"""The event about a prompt before anything is run.

* imports neither Qt nor torch."""

from engine.events.base import Event


class PromptPreviewed(Event, frozen=True):
    """A prompt as the loaded target would read it. serial: of the command. text: its beginning, where it is very long.

    chat: whether its chat template wrote it. note: what that changed. why_not: why it cannot be asked so, in one line,
    empty if it can."""

    serial: int
    text: str = ""
    n_tokens: int = 0
    chat: bool = False
    note: str = ""
    why_not: str = ""
