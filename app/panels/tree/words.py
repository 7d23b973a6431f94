"""A node of a drafted tree, and the tree as a whole, in words."""

from PySide6.QtCore import QCoreApplication

from app.panels.stream.words import fate_name
from app.state.round_tree import RoundTree
from app.text.shown_text import visible
from app.words import quantities
from app.words.counts import count
from engine.events import LastToken, ProposedToken, RoundFinished

_LONGEST = 40
_GLYPHS = {"accepted": "✓", "rejected": "✗", "untested": "○", "unverified": "~", "correction": "▸", "bonus": "•"}


def tr(text: str) -> str:
    """Translate a text about a tree."""
    return QCoreApplication.translate("tree", text)


def record_of(event: RoundFinished, node: int) -> ProposedToken | LastToken | None:
    """The token of a node; the one after the proposed ones is the round's last."""
    if node == len(event.proposed):
        return event.last
    return event.proposed[node] if 0 <= node < len(event.proposed) else None


def node_words(event: RoundFinished, tree: RoundTree, node: int, *, brief: bool = False) -> str:
    """Token, probabilities, fate and place of a node; brief: without the place."""
    record = record_of(event, node)
    if record is None:
        return ""
    token = tr("“{0}”").format(visible(record.text, longest=_LONGEST))
    if isinstance(record, LastToken):
        kind = fate_name(record.kind if event.proposed else "plain")
        return tr("{0}: {1}, target p {2}").format(token, kind, quantities.number(record.p, 3))
    chances = tr("target p {0}, drafter q {1}").format(quantities.number(record.p, 3), quantities.number(record.q, 3))
    parts = [fate_name(record.fate), chances]
    if not brief:
        parts.append(tr("depth {0} of {1}").format(tree.depths[node], tree.depth))
        parts += [tr("on the kept path")] if node in tree.path else []
    return tr("{0}: {1}").format(token, ", ".join(parts))


def tree_words(event: RoundFinished, tree: RoundTree) -> str:
    """What the round drafted and kept."""
    name = tr("Round {0:,}").format(event.round + 1)
    if not event.proposed:
        return tr("{0}: nothing was proposed").format(name)
    n = len(event.proposed)
    nodes = quantities.counted(n, tr("{0:,} node"), tr("{0:,} nodes")).format(n)
    shape = (
        tr("{0}, {1} deep").format(nodes, tree.depth)
        if tree.branches
        else tr("a chain of {0}").format(count(n, "token"))
    )
    return tr("{0}: {1}, {2:,} kept").format(name, shape, len(tree.path))


def fate_glyph(record: ProposedToken | LastToken) -> str:
    """The mark of a node's fate, besides its colour."""
    return _GLYPHS[_fate(record)]


def legend(event: RoundFinished | None) -> tuple[str, str]:
    """What the marks mean that a round has, or all of them without one, and what the figures are; then the same in
    fewer words."""
    records: list[ProposedToken | LastToken] = [] if event is None else list(event.proposed)
    if event is not None and event.last is not None:
        records.append(event.last)
    shown = {_fate(record) for record in records} or set(_GLYPHS) - {"unverified"}
    names = {
        "accepted": tr("kept"), "rejected": tr("rejected"), "untested": tr("untested"),
        "unverified": tr("kept unverified"), "correction": tr("correction"), "bonus": tr("bonus"),
    }  # fmt: skip
    marks = "   ".join(f"{glyph} {names[fate]}" for fate, glyph in _GLYPHS.items() if fate in shown)
    figures = tr("thick line: kept path   p: of the target, q: of the drafter")
    return f"{marks}   {figures}", marks


def _fate(record: ProposedToken | LastToken) -> str:
    return record.fate if isinstance(record, ProposedToken) else record.kind
