"""What a report says, before it is laid out: sections of paragraphs, tables, plots and texts. All text may be foreign.

* imports neither Qt nor torch."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from engine.reports.cells import ReportTable
from engine.reports.svg import Plot

Tone: TypeAlias = Literal["plain", "headline", "lead", "note", "good", "bad"]
MarkedFate: TypeAlias = Literal["plain", "accepted", "unverified", "correction", "bonus", "rejected", "untested"]
GHOSTS: frozenset[MarkedFate] = frozenset({"rejected", "untested"})
DEFAULT_PROMPTS = 5


class Paragraph(NamedTuple):
    """Lines of text in one tone."""

    text: str
    tone: Tone = "plain"


class BulletList(NamedTuple):
    """Short points."""

    lines: tuple[str, ...]
    title: str = ""


class FactList(NamedTuple):
    """Names and values. marks: the place of the lane that each is of, empty where they are of none."""

    facts: tuple[tuple[str, str], ...]
    title: str = ""
    marks: tuple[int, ...] = ()


class TableBlock(NamedTuple):
    """A table; marks: the place of each row's lane in the comparison, empty where rows are no lanes. starred: the row
    that is recommended."""

    table: ReportTable
    marks: tuple[int, ...] = ()
    starred: int | None = None
    caption: str = ""


class MarkedToken(NamedTuple):
    """A token with its fate. tip: what decided. differs: it is the first that plain decoding wrote otherwise."""

    text: str
    fate: MarkedFate
    tip: str = ""
    differs: bool = False


class ReportedText(NamedTuple):
    """What one lane wrote. note: what is left out or differs."""

    name: str
    lane: int
    tokens: tuple[MarkedToken, ...]
    note: str = ""


class TextsBlock(NamedTuple):
    """A prompt and its continuations, side by side."""

    prompt: str
    lanes: tuple[ReportedText, ...]


Block: TypeAlias = Paragraph | BulletList | FactList | TableBlock | Plot | TextsBlock


def fates_in(blocks: Sequence[Block]) -> frozenset[MarkedFate]:
    """The fates of all tokens in the texts among the blocks."""
    texts = (block for block in blocks if isinstance(block, TextsBlock))
    return frozenset(token.fate for text in texts for lane in text.lanes for token in lane.tokens)


class ReportSection(NamedTuple):
    """Blocks under a title."""

    title: str
    blocks: tuple[Block, ...]


class ReportDocument(NamedTuple):
    """A whole report. subtitle: what was measured, where and when. opening: what the eye meets first."""

    title: str
    subtitle: str
    opening: tuple[Block, ...]
    sections: tuple[ReportSection, ...]
