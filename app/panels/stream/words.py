"""Fates and tokens in words, for the card, the legend and screen readers."""

from PySide6.QtCore import QCoreApplication

from app.panels.stream.tokens import StreamToken
from app.text.shown_text import visible
from app.theme import StreamFate
from engine.events import ProposedToken

_MAX_CHARS = 40


def tr(text: str) -> str:
    """Translate a text of the stream."""
    return QCoreApplication.translate("stream", text)


def fate_name(fate: StreamFate) -> str:
    """The name of a fate."""
    names: dict[StreamFate, str] = {
        "prompt": tr("prompt"),
        "accepted": tr("accepted"),
        "unverified": tr("unverified"),
        "rejected": tr("rejected"),
        "untested": tr("untested"),
        "correction": tr("correction"),
        "bonus": tr("bonus"),
        "plain": tr("undrafted"),
        "unmarked": tr("plain"),
    }
    return names[fate]


def fate_meaning(fate: StreamFate) -> str:
    """A sentence that explains a fate."""
    meanings: dict[StreamFate, str] = {
        "prompt": tr("Given before the run began."),
        "accepted": tr("Proposed by the drafter and kept by the target."),
        "unverified": tr("Proposed by the drafter and kept without asking the target."),
        "rejected": tr("Proposed and not kept: the first rejection of its round."),
        "untested": tr("Proposed after the first rejection, so never looked at."),
        "correction": tr("Drawn from the residual after a rejection."),
        "bonus": tr("Drawn from the target after all proposed tokens were accepted."),
        "plain": tr("The target's own token in a round where nothing was proposed."),
        "unmarked": tr("The target's own token: nothing was proposed here."),
    }
    return meanings[fate]


def control_name() -> str:
    """What a control token is called."""
    return tr("control token")


def control_meaning() -> str:
    """A sentence that explains a control token."""
    return tr("Steers the model, as the end of a turn does. The same characters in a text have no frame.")


def spoken(token: StreamToken) -> str:
    """A token as a screen reader should say it."""
    record = token.record
    words = tr("{0} control token '{1}'") if token.control else tr("{0} token '{1}'")
    parts = [words.format(fate_name(token.fate), _spoken_text(token))]
    if record is not None:
        parts.append(f"p {record.p:.2f}")
        if isinstance(record, ProposedToken):
            parts.append(f"q {record.q:.2f}")
        parts.append(tr("round {0}").format(token.round + 1))
    return ", ".join(parts)


def _spoken_text(token: StreamToken) -> str:
    """The token's text with spaces as spaces, and everything else in displayable form."""
    piece = token.text if token.record is None else token.record.text
    return " ".join(visible(part, longest=_MAX_CHARS) for part in piece[: _MAX_CHARS + 1].split(" "))
