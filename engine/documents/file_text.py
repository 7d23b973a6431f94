"""What the process that reads PDFs, Office files and books is asked for, and what it answers.

* imports neither Qt nor torch."""

from typing import Literal, TypeAlias

import msgspec

ChildKind: TypeAlias = Literal["pdf", "word", "slides", "sheets", "opendocument", "book"]


class PdfRequest(msgspec.Struct, frozen=True):
    """A file to read. seconds: after this time the process ends itself, in case its parent no longer exists."""

    path: str
    most_pages: int
    seconds: int
    kind: ChildKind = "pdf"


class PdfText(msgspec.Struct, frozen=True, omit_defaults=True):
    """The text of each page, slide or row with its name, or the reason why there is none.

    problems: of the parts that could not be read; n_replaced: letters lost; apart: no passage may span two parts;
    retry: what failed may succeed at another time."""

    pages: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    title: str = ""
    reason: str = ""
    problems: tuple[str, ...] = ()
    n_replaced: int = 0
    apart: bool = False
    retry: bool = False


def named_pages(numbers: list[int]) -> str:
    """Page numbers in words, runs of them joined: "page 3", "pages 2, 5–7"."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    words = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)
    return f"page {words}" if len(numbers) == 1 else f"pages {words}"
