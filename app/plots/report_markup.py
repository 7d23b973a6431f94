"""A report as the rich text that Qt can lay out and print: tables and texts as markup, plots as named pictures."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from engine.reports import cells, words
from engine.reports.cells import ShownTable
from engine.reports.document import (
    GHOSTS,
    Block,
    BulletList,
    FactList,
    MarkedFate,
    MarkedToken,
    Paragraph,
    ReportDocument,
    ReportedText,
    TableBlock,
    TextsBlock,
    Tone,
    fates_in,
)
from engine.reports.palette import PAINTS, Paint, lane_paint
from engine.reports.shown_text import one_line, paragraphs
from engine.reports.svg import Plot

PICTURE = "plot:here"
# Of the title above a plot, which is part of its picture: a page could end between them.
TITLE_HEIGHT = 28
_LONGEST_LINE = 4_000
_MOST_A_ROW = 3
# Cells up to this length stay on one line.
_SHORT = 30
_NO_BREAK = ' style="white-space: nowrap"'
_PAINTS: dict[MarkedFate, Paint] = {
    "plain": "text", "accepted": "accepted", "correction": "correction", "bonus": "bonus", "rejected": "rejected",
    "untested": "untested", "unverified": "unverified",
}  # fmt: skip
_TONES: dict[Tone, str] = {
    "plain": "", "headline": "font-size: 19pt; font-weight: 600; margin: 10px 0 4px 0",
    "lead": "font-size: 11.5pt; margin: 0 0 10px 0",
    "note": f"color: {PAINTS['muted'].light}", "good": f"color: {PAINTS['good'].light}",
    "bad": f"color: {PAINTS['bad'].light}",
}  # fmt: skip
_SHEET = f"""
.title {{ font-size: 12pt; font-weight: 600 }} h2 {{ font-size: 14pt; margin: 18px 0 6px 0 }}
h3 {{ font-size: 10pt; color: {PAINTS["muted"].light}; margin: 10px 0 2px 0 }} p {{ margin: 4px 0 }}
th {{ color: {PAINTS["muted"].light}; font-weight: normal; text-align: left; font-size: 7.5pt }}
td {{ font-size: 8pt }} .caption {{ color: {PAINTS["muted"].light}; font-size: 8pt }}
.text {{ font-size: 8pt; line-height: 130% }}
"""


class PrintedReport(NamedTuple):
    """markup: the rich text, with an empty picture for each of the plots, in their order; sheet: its style."""

    title: str
    markup: str
    sheet: str
    plots: tuple[Plot, ...]


def printed(content: ReportDocument) -> PrintedReport:
    """Lay a report out for paper."""
    writer = _MarkupWriter()
    title = _text(words.sentence(content.title))
    parts = [f'<p class="title">{title}</p>', _paragraph(Paragraph(content.subtitle, "note"))]
    parts += map(writer.block, content.opening)
    for section in content.sections:
        parts.append(f"<h2>{_text(section.title)}</h2>")
        if any(isinstance(block, TextsBlock) for block in section.blocks):
            parts.append(_legend(fates_in(section.blocks)))
        parts += map(writer.block, section.blocks)
    return PrintedReport(content.title, "".join(parts), _SHEET, tuple(writer.plots))


class _MarkupWriter:
    """Writes blocks and keeps the plots in their order."""

    def __init__(self) -> None:
        self.plots: list[Plot] = []

    def block(self, block: Block) -> str:
        """Write one block."""
        match block:
            case Paragraph():
                return _paragraph(block)
            case BulletList():
                return _title(block.title) + f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in block.lines)}</ul>"
            case FactList():
                return _facts(block)
            case TableBlock():
                return _table(block)
            case TextsBlock():
                return _texts(block)
            case Plot():
                self.plots.append(block)
                return _picture(block)


def _text(text: str) -> str:
    return escape(one_line(text, longest=_LONGEST_LINE))


def _title(title: str) -> str:
    return f"<h3>{_text(title)}</h3>" if title else ""


def _paragraph(block: Paragraph) -> str:
    return f'<p style="{_TONES[block.tone]}">{_text(block.text)}</p>'


def _picture(plot: Plot) -> str:
    image = f'<img src="{PICTURE}" width="{plot.width}" height="{plot.height + TITLE_HEIGHT}">'
    return f'<p>{image}</p><p class="caption">{_text(plot.caption)}</p>'


def _facts(block: FactList) -> str:
    marks = [_mark(lane) for lane in block.marks] or [""] * len(block.facts)
    muted = PAINTS["muted"].light
    rows = (
        f'<tr><td width="24%" style="color: {muted}">{mark}{_text(name)}</td><td>{_text(value)}</td></tr>'
        for mark, (name, value) in zip(marks, block.facts, strict=True)
    )
    return f'{_title(block.title)}<table width="100%" cellpadding="2">{"".join(rows)}</table>' if block.facts else ""


def _table(block: TableBlock) -> str:
    shown = cells.shown(block.table)
    heads = "".join(
        f'<th align="{_side(numeric)}"{first}>{_text(head)}</th>'
        for head, numeric, first in zip(shown.heads, shown.numeric, _widths(block, len(shown.heads)), strict=True)
    )
    rows = "".join(_row(block, shown, i) for i in range(len(shown.rows)))
    caption = f'<p class="caption">{_text(block.caption)}</p>' if block.caption else ""
    frame = 'border="0" cellspacing="0" cellpadding="3" width="100%"'
    return f"{_title(shown.title)}<table {frame}><thead><tr>{heads}</tr></thead>{rows}</table>{caption}"


def _row(block: TableBlock, shown: ShownTable, place: int) -> str:
    texts = list(map(_text, shown.rows[place]))
    if block.marks:
        texts[0] = _mark(block.marks[place]) + texts[0]
    starred = block.starred == place
    if starred:
        texts = [f"<b>{text}</b>" for text in texts]
        texts[0] += " ★"
    ground = f' bgcolor="{PAINTS["shade"].light}"' if starred else ""
    tags = (
        f'<td align="{_side(numeric)}"{ground}{_NO_BREAK if len(plain) <= _SHORT else ""}>{text}</td>'
        for text, plain, numeric in zip(texts, shown.rows[place], shown.numeric, strict=True)
    )
    return f"<tr>{''.join(tags)}</tr>"


def _widths(block: TableBlock, n: int) -> tuple[str, ...]:
    """Names of lanes get enough room for one line."""
    return ' width="22%"' if block.marks else "", *("",) * (n - 1)


def _side(numeric: bool) -> str:
    return "right" if numeric else "left"


def _mark(lane: int) -> str:
    return f'<span style="color: {PAINTS[lane_paint(lane)].light}">{words.symbol(lane)}</span> '


def _texts(block: TextsBlock) -> str:
    prompt = escape(paragraphs(block.prompt, longest=_LONGEST_LINE)).replace("\n", "<br>")
    head = f'<p style="color: {PAINTS["prompt"].light}; margin: 14px 0 4px 0">{prompt}</p>' if block.prompt else ""
    return head + "".join(_lane_row(row) for row in _rows(block.lanes))


def _rows(lanes: Sequence[ReportedText]) -> Iterable[Sequence[ReportedText]]:
    """At most three beside each other; four stand two by two."""
    a_row = 2 if len(lanes) == 4 else _MOST_A_ROW
    return (lanes[start : start + a_row] for start in range(0, len(lanes), a_row))


def _lane_row(lanes: Sequence[ReportedText]) -> str:
    share = 100 // len(lanes)
    return f'<table width="100%" cellpadding="4"><tr>{"".join(_lane(lane, share) for lane in lanes)}</tr></table>'


def _lane(lane: ReportedText, share: int) -> str:
    head = f"<p><b>{_mark(lane.lane)}{_text(lane.name)}</b></p>" if lane.name else ""
    note = f'<p class="caption">{_text(lane.note)}</p>' if lane.note else ""
    tokens = "".join(map(_token, lane.tokens))
    return f'<td width="{share}%" valign="top">{head}<p class="text">{tokens}</p>{note}</td>'


def _token(token: MarkedToken) -> str:
    shown = paragraphs(token.text, longest=_LONGEST_LINE)
    word = shown.lstrip(" ") or "·" * len(shown) or "⟨⟩"
    space = " " * (len(shown) > len(word))
    text = escape(word).replace("\n", "⏎" if token.fate in GHOSTS else "⏎<br>")
    sign = "<b>≠</b>" if token.differs else ""
    return f"{space}{sign}{_styled(text, token.fate)}"


def _styled(text: str, fate: MarkedFate) -> str:
    """A token in its colour and with its second cue; Qt reads no dotted underline, so an untested one is slanted."""
    if fate == "plain":
        return text
    inner = {
        "accepted": f"<u>{text}</u>", "correction": f"<b>{text}</b>", "bonus": f"•{text}", "rejected": f"<s>{text}</s>",
        "untested": f"<i>{text}</i>", "unverified": f"<u>~{text}</u>",
    }[fate]  # fmt: skip
    return f'<span style="color: {PAINTS[_PAINTS[fate]].light}">{inner}</span>'


def _legend(used: frozenset[MarkedFate]) -> str:
    lossy: tuple[MarkedFate, ...] = ("unverified",) if "unverified" in used else ()
    names: tuple[MarkedFate, ...] = ("accepted", *lossy, "correction", "bonus", "rejected", "untested")
    entries = (*(_styled(name, name) for name in names), "<b>≠</b> first difference")
    return f'<p class="caption">{" &nbsp; ".join(entries)}</p>'
