"""What writes a log as the pages of a report, by the file's format: HTML, and PDF where a program with Qt offers it.

* imports neither Qt nor torch."""

from collections.abc import Callable
from typing import TypeAlias

from engine.errors import InputError
from engine.reports import html
from engine.reports.documents import ReportOptions
from engine.runs.trace import Trace

PageWriter: TypeAlias = Callable[[Trace, ReportOptions], bytes]
# The window's program adds `pdf`, for which Qt is needed.
PAGES: dict[str, PageWriter] = {"html": lambda kept, options: html.report(kept.events, options).encode()}


def page(format: str) -> PageWriter:
    """What writes a format. Raises InputError where this program has nothing that does."""
    if format in PAGES:
        return PAGES[format]
    if format == "pdf":
        raise InputError(
            "a PDF is laid out by Qt, which this program does without",
            "run draftscope instead of python -m engine.cli, or use html",
        )
    raise InputError(f"unknown format {format!r}", f"use {', '.join(PAGES)}")
