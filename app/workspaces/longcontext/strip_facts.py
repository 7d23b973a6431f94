"""What the strip shows: the document as the next run would read it, or as the run on show has read it."""

import re
from typing import NamedTuple

from app.workspaces.longcontext.choice import LengthChoice
from app.workspaces.longcontext.words import tr
from engine.events import PageStart, RunStarted, TextRead

# A SPEC that names the size of its window.
_WINDOW = re.compile(r"window:(\d{1,9})(?:\+(\d{1,9}))?:", re.ASCII)


class StripFacts(NamedTuple):
    """What the strip shows, in tokens. n_all: of the document, 0 while unknown; first, last: what is read of it; n_new:
    what was written behind that. window, sinks: what a drafter with a window keeps, 0 for one without.

    note: why there is no document. pages: where its pages begin, empty where it has none."""

    title: str = ""
    n_all: int = 0
    first: int = 0
    last: int = 0
    n_new: int = 0
    window: int = 0
    sinks: int = 0
    note: str = ""
    pages: tuple[PageStart, ...] = ()

    @property
    def n_read(self) -> int:
        """How many tokens are read."""
        return self.last - self.first


class KeptPart(NamedTuple):
    """What a drafter keeps of a text: its last tokens, and its first ones."""

    window: int
    sinks: int


def planned(read: TextRead | None, choice: LengthChoice, note: str) -> StripFacts:
    """The document as it will be read; note: why it cannot be, or is not yet."""
    if read is None:
        return StripFacts(note=note)
    n_read = len(read.ids)
    n_all = max(read.n_tokens, n_read)
    first = 0 if choice.part == "start" else n_all - n_read
    kept = kept_by(choice)
    title = tr("{0}, pages {1}").format(read.name, read.pages) if read.pages else read.name
    return StripFacts(title, n_all, first, first + n_read, window=kept.window, sinks=kept.sinks, pages=read.pages_from)


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
