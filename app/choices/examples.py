"""Loads example prompts and questions by task from the assets."""

from functools import lru_cache
from importlib.resources import files

import msgspec


class Example(msgspec.Struct, frozen=True):
    """A prompt that demonstrates what its task and title name. answer: of a question, where it is known; documents:
    the shipped ones that it is about."""

    task: str
    title: str
    prompt: str
    answer: str = ""
    documents: str = ""


@lru_cache(maxsize=1)
def examples() -> tuple[Example, ...]:
    """Every example of a text to continue, grouped by task in the order of the file names."""
    return _read("prompts")


@lru_cache(maxsize=1)
def questions() -> tuple[Example, ...]:
    """Every example of a question about the shipped documents."""
    return _read("questions")


def known_answer(question: str, documents: str) -> str:
    """The answer to a shipped question over its documents; empty where none is known."""
    asked = question.strip()
    return next((e.answer for e in questions() if e.prompt == asked and e.documents == documents), "")


def _read(folder: str) -> tuple[Example, ...]:
    entries = sorted((entry for entry in files("assets").joinpath(folder).iterdir()), key=lambda entry: entry.name)
    lines = [line for entry in entries if entry.name.endswith(".jsonl") for line in entry.read_bytes().splitlines()]
    return tuple(msgspec.json.decode(line, type=Example) for line in lines)
