"""Fates and tokens in words, for the card, the legend and those who cannot see the stream; knows no widget."""

from PySide6.QtCore import QCoreApplication

from app.panels.stream.tokens import StreamToken
from app.text.shown_text import visible
from app.theme import StreamFate
from engine.events import ProposedToken

_LONGEST = 40


def tr(text: str) -> str:
    """The translation of the stream's words."""
    return QCoreApplication.translate("stream", text)


def fate_name(fate: StreamFate) -> str:
    """One or two words for a fate."""
    names: dict[StreamFate, str] = {
        "prompt": tr("prompt"),
        "accepted": tr("accepted"),
        "unverified": tr("unverified"),
        "rejected": tr("rejected"),
        "untested": tr("untested"),
        "correction": tr("correction"),
        "bonus": tr("bonus"),
        "plain": tr("undrafted"),
    }
    return names[fate]


def fate_meaning(fate: StreamFate) -> str:
    """A sentence that says what a fate is."""
    meanings: dict[StreamFate, str] = {
        "prompt": tr("Given before the run began."),
        "accepted": tr("Proposed by the drafter and kept by the target."),
        "unverified": tr("Proposed by the drafter and kept without asking the target."),
        "rejected": tr("Proposed and not kept: the first rejection of its round."),
        "untested": tr("Proposed after the first rejection, so never looked at."),
        "correction": tr("Drawn from the residual after a rejection."),
        "bonus": tr("Drawn from the target after all proposed tokens were accepted."),
        "plain": tr("The target's own token in a round where nothing was proposed."),
    }
    return meanings[fate]


def spoken(token: StreamToken) -> str:
    """A token as a screen reader should say it."""
    record = token.record
    said = [tr("{0} token '{1}'").format(fate_name(token.fate), _plain(token))]
    if record is not None:
        said.append(f"p {record.p:.2f}")
        if isinstance(record, ProposedToken):
            said.append(f"q {record.q:.2f}")
        said.append(tr("round {0}").format(token.round + 1))
    return ", ".join(said)


def _plain(token: StreamToken) -> str:
    """Spaces are spoken as spaces; everything else is made as harmless as it is shown."""
    piece = token.text if token.record is None else token.record.text
    return " ".join(visible(part, longest=_LONGEST) for part in piece[: _LONGEST + 1].split(" "))
