"""Example prompts and questions by task, as they lie in the assets; knows no widget."""

from functools import lru_cache
from importlib.resources import files

import msgspec


class Example(msgspec.Struct, frozen=True):
    """A prompt that shows something: its task and title say what."""

    task: str
    title: str
    prompt: str


@lru_cache(maxsize=1)
def examples() -> tuple[Example, ...]:
    """Every example of a text to continue, those of a task after one another, in the order of the files' names."""
    return _read("prompts")


@lru_cache(maxsize=1)
def questions() -> tuple[Example, ...]:
    """Every example of a question about the shipped documents."""
    return _read("questions")


def _read(folder: str) -> tuple[Example, ...]:
    found = sorted((file for file in files("assets").joinpath(folder).iterdir()), key=lambda file: file.name)
    lines = [line for file in found if file.name.endswith(".jsonl") for line in file.read_bytes().splitlines()]
    return tuple(msgspec.json.decode(line, type=Example) for line in lines)
