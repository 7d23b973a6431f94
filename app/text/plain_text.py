"""Turns foreign text into one line to read, or into a tooltip that shows it literally."""

from html import escape

from engine.reports.shown_text import one_line, paragraphs

__all__ = ["one_line", "paragraphs", "plain_tip"]


def plain_tip(text: str) -> str:
    """A tooltip of exactly this text: Qt would interpret anything that looks like markup."""
    return "".join(f"<p>{escape(line)}</p>" for line in text.split("\n"))
