"""Foreign text as one line to read, and as a tooltip that shows it literally; knows no widget."""

from html import escape

from app.text.shown_text import LONGEST, visible


def one_line(text: str, *, longest: int = LONGEST) -> str:
    """Names and messages of others with ordinary spaces, everything that could act made visible."""
    return visible(text, longest=longest).replace("·", " ")


def paragraphs(text: str) -> str:
    """Foreign text of several lines as `one_line` shows one; nothing is cut."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(one_line(line, longest=max(len(line), 1)) for line in lines)


def plain_tip(text: str) -> str:
    """A tooltip of exactly this text: Qt would take what looks like markup for markup."""
    return "".join(f"<p>{escape(line)}</p>" for line in text.split("\n"))
