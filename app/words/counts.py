"""Writes a number with what it counts, in the singular or the plural."""

from typing import Literal, TypeAlias

from PySide6.QtCore import QCoreApplication

from app.words.quantities import counted

Noun: TypeAlias = Literal[
    "answer", "batch size", "call", "cell", "character", "cluster", "combination", "context", "demonstration",
    "document", "draft", "draft length", "drafter", "duplicate", "file", "lane", "line", "new token", "pair", "passage",
    "prompt", "question", "repeat", "round", "row", "step", "text", "token", "weight",
]  # fmt: skip


def count(n: float, noun: Noun) -> str:
    """So many of something, such as `1 token` or `1,024 tokens`."""
    forms: dict[Noun, tuple[str, str]] = {
        "answer": (_tr("{0:,.0f} answer"), _tr("{0:,.0f} answers")),
        "batch size": (_tr("{0:,.0f} batch size"), _tr("{0:,.0f} batch sizes")),
        "call": (_tr("{0:,.0f} call"), _tr("{0:,.0f} calls")),
        "cell": (_tr("{0:,.0f} cell"), _tr("{0:,.0f} cells")),
        "character": (_tr("{0:,.0f} character"), _tr("{0:,.0f} characters")),
        "cluster": (_tr("{0:,.0f} cluster"), _tr("{0:,.0f} clusters")),
        "combination": (_tr("{0:,.0f} combination"), _tr("{0:,.0f} combinations")),
        "context": (_tr("{0:,.0f} context"), _tr("{0:,.0f} contexts")),
        "demonstration": (_tr("{0:,.0f} demonstration"), _tr("{0:,.0f} demonstrations")),
        "document": (_tr("{0:,.0f} document"), _tr("{0:,.0f} documents")),
        "draft": (_tr("{0:,.0f} draft"), _tr("{0:,.0f} drafts")),
        "draft length": (_tr("{0:,.0f} draft length"), _tr("{0:,.0f} draft lengths")),
        "drafter": (_tr("{0:,.0f} drafter"), _tr("{0:,.0f} drafters")),
        "duplicate": (_tr("{0:,.0f} duplicate"), _tr("{0:,.0f} duplicates")),
        "file": (_tr("{0:,.0f} file"), _tr("{0:,.0f} files")),
        "lane": (_tr("{0:,.0f} lane"), _tr("{0:,.0f} lanes")),
        "line": (_tr("{0:,.0f} line"), _tr("{0:,.0f} lines")),
        "new token": (_tr("{0:,.0f} new token"), _tr("{0:,.0f} new tokens")),
        "pair": (_tr("{0:,.0f} pair"), _tr("{0:,.0f} pairs")),
        "passage": (_tr("{0:,.0f} passage"), _tr("{0:,.0f} passages")),
        "prompt": (_tr("{0:,.0f} prompt"), _tr("{0:,.0f} prompts")),
        "question": (_tr("{0:,.0f} question"), _tr("{0:,.0f} questions")),
        "repeat": (_tr("{0:,.0f} repeat"), _tr("{0:,.0f} repeats")),
        "round": (_tr("{0:,.0f} round"), _tr("{0:,.0f} rounds")),
        "row": (_tr("{0:,.0f} row"), _tr("{0:,.0f} rows")),
        "step": (_tr("{0:,.0f} step"), _tr("{0:,.0f} steps")),
        "text": (_tr("{0:,.0f} text"), _tr("{0:,.0f} texts")),
        "token": (_tr("{0:,.0f} token"), _tr("{0:,.0f} tokens")),
        "weight": (_tr("{0:,.0f} weight"), _tr("{0:,.0f} weights")),
    }
    return counted(round(n), *forms[noun]).format(n)


def _tr(text: str) -> str:
    return QCoreApplication.translate("counts", text)
