"""Finds the title of a Markdown text: what its front matter says, or its first heading.

* imports neither Qt nor torch."""

import re
from itertools import pairwise

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*$")
_FIELD = re.compile(r"title[ \t]*[:=][ \t]*(.+?)[ \t]*$", re.I)
_NO_PARAGRAPH = re.compile(r"\s*$| {4}|\t| {0,3}(?:[>#|]|[-*+][ \t]|\d+[.)][ \t])")
_MOST_FRONT_LINES, _MOST_LINES = 200, 5_000


def markdown_title(text: str) -> str:
    """The title of a Markdown text; empty if it has none."""
    lines = text.lstrip("\ufeff").split("\n", _MOST_LINES)[:_MOST_LINES]
    end = _front_matter_end(lines)
    fields = (_FIELD.match(line) for line in lines[1:end])
    named = next((field[1].strip("\"' ") for field in fields if field), "")
    return named if named and named[0] not in "|>[{" else _first_heading(lines[end + 1 if end else 0 :])


def _front_matter_end(lines: list[str]) -> int:
    """The line that ends the front matter; 0 if there is none."""
    mark = lines[0].rstrip()
    if mark not in ("---", "+++"):
        return 0
    ends = (mark, "...") if mark == "---" else (mark,)
    return next((i for i, line in enumerate(lines[1:_MOST_FRONT_LINES], 1) if line.rstrip() in ends), 0)


def _first_heading(lines: list[str]) -> str:
    fence = ""
    for line, following in pairwise([*lines, ""]):
        mark = _FENCE.match(line)
        if fence:
            closes = mark is not None and mark[1].startswith(fence) and not line.strip(" \t`~")
            fence = "" if closes else fence
        elif mark:
            fence = mark[1]
        elif (heading := _HEADING.match(line)) and heading[1]:
            return heading[1]
        elif _UNDERLINE.match(following) and not _NO_PARAGRAPH.match(line):
            return line.strip()
    return ""
