"""What the strip shows: the document as the next run would read it, or as the run on show has read it."""

import re
from typing import NamedTuple

from app.workspaces.longcontext.choice import LengthChoice
from app.workspaces.longcontext.document import LongDocument
from app.workspaces.longcontext.words import tr
from engine.events import RunStarted

_EXACT = 0.9995
# A SPEC that names the size of its window.
_WINDOW = re.compile(r"window:(\d{1,9})(?:\+(\d{1,9}))?:", re.ASCII)


class TokenCount(NamedTuple):
    """What a part of the document is in tokens. share: of the whole text that was counted; 1 where all of it was."""

    n_read: int
    n_counted: int
    share: float

    @property
    def n_all(self) -> int:
        """Tokens of the whole document, estimated where only a part was counted."""
        return round(self.n_counted / self.share) if self.share > 0 else self.n_counted


class StripFacts(NamedTuple):
    """What the strip shows, in tokens. n_all: of the document, 0 while unknown; first, last: what is read of it; n_new:
    what was written behind that. window, sinks: what a drafter with a window keeps, 0 for one without.

    pages: where each page begins, as a share of the document, and its name. is_exact: the tokens were counted."""

    title: str = ""
    n_all: int = 0
    first: int = 0
    last: int = 0
    n_new: int = 0
    window: int = 0
    sinks: int = 0
    pages: tuple[tuple[float, str], ...] = ()
    is_exact: bool = True
    note: str = ""

    @property
    def n_read(self) -> int:
        """How many tokens are read."""
        return self.last - self.first


class KeptPart(NamedTuple):
    """What a drafter keeps of a text: its last tokens, and its first ones."""

    window: int
    sinks: int


def planned(document: LongDocument | None, choice: LengthChoice, counted: TokenCount | None, note: str) -> StripFacts:
    """The document as it will be read; note: why it cannot be, or that it is not counted yet."""
    if document is None or counted is None:
        return StripFacts(note=note)
    n_all, n_read = max(counted.n_all, counted.n_read), counted.n_read
    first = 0 if choice.part == "start" else n_all - n_read
    kept = kept_by(choice)
    return StripFacts(
        title=document.title or tr("built-in text"), n_all=n_all, first=first, last=first + n_read,
        window=kept.window, sinks=kept.sinks, pages=_pages(document, choice), is_exact=counted.share > _EXACT,
    )  # fmt: skip


def of_run(planned_facts: StripFacts | None, started: RunStarted, n_new: int) -> StripFacts:
    """The document that a run has read; planned_facts: of that document, None where the run was not made here."""
    n_read = len(started.prompt_ids)
    if planned_facts is None:
        return StripFacts(title=tr("prompt of the run on show"), n_all=n_read, last=n_read, n_new=n_new)
    n_all = max(planned_facts.n_all, n_read)
    first = planned_facts.first and n_all - n_read
    return planned_facts._replace(n_all=n_all, first=first, last=first + n_read, n_new=n_new)


def kept_by(choice: LengthChoice) -> KeptPart:
    """What the drafters that are cut to a window keep; the size that the drafter of the pair names goes first."""
    if (named := _WINDOW.match(choice.pair.drafter)) is not None:
        return KeptPart(int(named[1]), int(named[2] or choice.sinks))
    return KeptPart(choice.window, choice.sinks)


def _pages(document: LongDocument, choice: LengthChoice) -> tuple[tuple[float, str], ...]:
    """Where the pages begin, as shares of the text; none where only some of them are read."""
    if choice.pages.strip() or not document.text:
        return ()
    return tuple((mark.start / len(document.text), mark.name) for mark in document.pages)
