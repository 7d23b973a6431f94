"""A report as one HTML file that opens offline: no script, nothing from elsewhere, every text escaped.

* imports neither Qt nor torch."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape as escape_markup

from engine.events import Event
from engine.reports import cells, style, words
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
    ReportSection,
    TableBlock,
    TextsBlock,
    fates_in,
)
from engine.reports.documents import ReportOptions, document
from engine.reports.palette import lane_paint
from engine.reports.shown_text import one_line, paragraphs
from engine.reports.svg import Plot

_LONGEST_LINE = 4_000
_CLASSES: dict[MarkedFate, str] = {
    "plain": "", "accepted": "ta", "correction": "tc", "bonus": "tb", "rejected": "tr", "untested": "tu",
    "unverified": "tw",
}  # fmt: skip
_LEGEND: tuple[tuple[MarkedFate, str], ...] = (
    ("accepted", "accepted: underlined"), ("unverified", "kept unverified: wavy line"),
    ("correction", "correction: bold"), ("bonus", "bonus: dot before it"),
    ("rejected", "rejected: struck through"), ("untested", "untested: dotted line"),
)  # fmt: skip
_TITLE = "Draftscope report"


def report(events: Sequence[Event], options: ReportOptions | None = None) -> str:
    """The report of a comparison, a run, a training or a measured pair. Raises InputError for any other log."""
    return page(document(events, options or ReportOptions()))


def escape(text: str, *, longest: int = _LONGEST_LINE) -> str:
    """Foreign text as markup: it reads as it is, control characters become visible, and nothing in it acts."""
    return escape_markup(one_line(text, longest=longest))


def page(content: ReportDocument) -> str:
    """A document as a page."""
    sheet = style.sheet()
    digest = b64encode(sha256(sheet.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return "".join((
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="Draftscope">\n<title>{escape(content.title, longest=200)}</title>\n'
        f"<style>{sheet}</style>\n</head>\n<body>\n<main>\n",
        *_opening(content),
        *(part for i, section in enumerate(content.sections) for part in _section(section, i)),
        f"<footer>{_TITLE}. Everything is in this file; nothing is loaded from elsewhere.</footer>\n",
        "</main>\n</body>\n</html>\n",
    ))  # fmt: skip


def _opening(content: ReportDocument) -> Iterable[str]:
    yield f"<header>\n<h1>{escape(words.sentence(content.title))}</h1>\n"
    yield f'<p class="note">{escape(content.subtitle)}</p>\n'
    yield from map(_block, content.opening)
    yield "<nav>"
    for i, section in enumerate(content.sections):
        yield f'<a href="#s{i}">{escape(section.title)}</a> '
    yield "</nav>\n</header>\n"


def _section(section: ReportSection, number: int) -> Iterable[str]:
    yield f'<section id="s{number}">\n<h2>{escape(section.title)}</h2>\n'
    if any(isinstance(block, TextsBlock) for block in section.blocks):
        yield _legend(fates_in(section.blocks))
    yield from map(_block, section.blocks)
    yield "</section>\n"


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _paragraph(block)
    if isinstance(block, BulletList):
        title = f"<h3>{escape(block.title)}</h3>" if block.title else ""
        return f"{title}<ul>{''.join(f'<li>{escape(line)}</li>' for line in block.lines)}</ul>\n"
    if isinstance(block, FactList):
        return _facts(block)
    if isinstance(block, TableBlock):
        return _table(block)
    if isinstance(block, TextsBlock):
        return _texts(block)
    return _figure(block)


def _paragraph(block: Paragraph) -> str:
    kind = "" if block.tone == "plain" else f' class="{block.tone}"'
    return f"<p{kind}>{escape(block.text)}</p>\n"


def _facts(block: FactList) -> str:
    marks = [_mark(lane) for lane in block.marks] or [""] * len(block.facts)
    rows = (
        f"<dt>{mark}{escape(name)}</dt><dd>{escape(value)}</dd>"
        for mark, (name, value) in zip(marks, block.facts, strict=True)
    )
    title = f"<h3>{escape(block.title)}</h3>" if block.title else ""
    return f"{title}<dl>{''.join(rows)}</dl>\n"


def _figure(plot: Plot) -> str:
    caption = f"<figcaption>{escape(plot.caption)}</figcaption>"
    return f"<figure><b>{escape(plot.title)}</b>{plot.svg}{caption}</figure>\n"


def _table(block: TableBlock) -> str:
    shown = cells.shown(block.table)
    title = f"<h3>{escape(shown.title)}</h3>" if shown.title else ""
    heads = "".join(
        f'<th scope="col"{" class=n" if numeric else ""}>{escape(head)}</th>'
        for head, numeric in zip(shown.heads, shown.numeric, strict=True)
    )
    rows = "".join(_row(block, shown, i) for i in range(len(shown.rows)))
    caption = f'<p class="caption">{escape(block.caption)}</p>' if block.caption else ""
    return (
        f'{title}<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{caption}\n'
    )


def _row(block: TableBlock, shown: ShownTable, place: int) -> str:
    texts = list(map(escape, shown.rows[place]))
    if block.marks:
        texts[0] = f"{_mark(block.marks[place])}{texts[0]}"
    if block.starred == place:
        texts[0] += " ★"
    tags = (
        f"<td{' class=n' if numeric else ''}>{text}</td>" for text, numeric in zip(texts, shown.numeric, strict=True)
    )
    return f"<tr{' class=star' if block.starred == place else ''}>{''.join(tags)}</tr>"


def _mark(lane: int) -> str:
    return f'<span class="mark c-{lane_paint(lane)}">{words.symbol(lane)}</span>'


def _texts(block: TextsBlock) -> str:
    prompt = f'<p class="prompt" dir="auto">{escape_markup(paragraphs(block.prompt, longest=_LONGEST_LINE))}</p>'
    return f'{prompt if block.prompt else ""}<div class="lanes">{"".join(map(_lane, block.lanes))}</div>\n'


def _lane(lane: ReportedText) -> str:
    head = f"<h3>{_mark(lane.lane)}{escape(lane.name)}</h3>" if lane.name else ""
    note = f'<p class="caption">{escape(lane.note)}</p>' if lane.note else ""
    return f'<div class="lane">{head}<p class="text" dir="auto">{"".join(map(_token, lane.tokens))}</p>{note}</div>'


def _token(token: MarkedToken) -> str:
    shown = _one_token(token)
    word = shown.lstrip(" ") or "·" * len(shown) or "⟨⟩"
    space, text = shown[: len(shown) - len(word)], escape_markup(word)
    sign = '<span class="td">≠</span>' if token.differs else ""
    kind = _CLASSES[token.fate]
    if not kind:
        return f"{space}{sign}{text}"
    tip = f' title="{escape(token.tip)}"' if token.tip else ""
    return f"{space}{sign}<span class={kind}{tip}>{text}</span>"


def _one_token(token: MarkedToken) -> str:
    """Its text, with line breaks that can be seen; those of ghosts, which are not in the text, break no line."""
    text = paragraphs(token.text, longest=_LONGEST_LINE)
    return text.replace("\n", "⏎" if token.fate in GHOSTS else "⏎\n")


def _legend(used: frozenset[MarkedFate]) -> str:
    """What the marks mean; unverified tokens, which few texts have, only where there are any."""
    known = [(fate, text) for fate, text in _LEGEND if fate != "unverified" or fate in used]
    entries = (f'<span class="{_CLASSES[fate]}">{text}</span>' for fate, text in known)
    return f'<p class="legend">{"".join(entries)}<span><span class="td">≠</span> first difference</span></p>\n'
