"""Turns foreign text into one line to read, or into a tooltip that shows it literally."""

import re
from html import escape

from PySide6.QtCore import Qt

from engine.reports.shown_text import one_line, paragraphs

__all__ = ["elide_mode", "flowing", "one_line", "paragraphs", "path_line", "plain_tip"]

LONGEST_PATH = 60
# A word with two separators, or that begins with one: "and/or" is no path.
# A line as long as this was broken because it was full; what follows begins no list, table, quote or indented line.
_FULL_LINE = 40
_BROKEN = re.compile(rf"(?<=[^\n]{{{_FULL_LINE}}})[ \t]*\n(?=[^\s\-*•#>|=+:])(?!\d+[.)]\s)")
_PATH = re.compile(r"(?:^|\s)(?:[~.]{0,2}[/\\]\S|\S*[/\\]\S*[/\\]\S)|[A-Za-z]:[/\\]")


def plain_tip(text: str) -> str:
    """A tooltip of exactly this text: Qt would interpret anything that looks like markup."""
    return "".join(f"<p>{escape(line)}</p>" for line in text.split("\n"))


def flowing(text: str) -> str:
    """Foreign text of several lines as `paragraphs` shows it, without the line ends that only kept it narrow."""
    return _BROKEN.sub(" ", paragraphs(text))


def path_line(text: str, *, longest: int = LONGEST_PATH) -> str:
    """A path, or a name that may be one, as one line; a long one is cut in the middle, since its ends tell it apart."""
    shown = one_line(text, longest=max(len(text), 1))
    if len(shown) <= longest:
        return shown
    n_first = (longest - 1) // 3
    return f"{shown[:n_first]}…{shown[len(shown) - (longest - 1 - n_first) :]}"


def elide_mode(text: str) -> Qt.TextElideMode:
    """Where a line that does not fit is cut: in the middle if it names a path, else at its end."""
    return Qt.TextElideMode.ElideMiddle if _PATH.search(text) else Qt.TextElideMode.ElideRight
