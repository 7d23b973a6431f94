"""Turns foreign text into one line to read, or into a tooltip that shows it literally."""

from html import escape

from app.text.shown_text import LONGEST, visible


def one_line(text: str, *, longest: int = LONGEST) -> str:
    """A foreign name or message with ordinary spaces; control and formatting characters are made visible."""
    return visible(text, longest=longest).replace("·", " ")


def paragraphs(text: str) -> str:
    """Foreign text of several lines, each as `one_line` shows it; nothing is cut."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(one_line(line, longest=max(len(line), 1)) for line in lines)


def plain_tip(text: str) -> str:
    """A tooltip of exactly this text: Qt would interpret anything that looks like markup."""
    return "".join(f"<p>{escape(line)}</p>" for line in text.split("\n"))
