"""The commands that measure what documents state: each can be given, and writes a file of its own."""

import shlex
from functools import cache
from importlib.resources import files

import pytest
import typer
from typer.core import TyperGroup

from engine.cli.commands import tree

LINES = [
    line.split(": ", 1)
    for line in files("assets").joinpath("benchmarks", "commands.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@cache
def root() -> TyperGroup:
    """All commands, built once: taking options changes nothing in them."""
    built = typer.main.get_command(tree())
    assert isinstance(built, TyperGroup)
    return built


# The window takes its own measurement before the engine's commands see it.
@pytest.mark.parametrize(("name", "command"), [line for line in LINES if line[1] != "bench ui"])
def test_command_of_a_figure_takes_its_options(name: str, command: str) -> None:
    node = root()
    words = [*shlex.split(command), "--json"]
    while isinstance(node, TyperGroup):
        found = node.commands.get(words.pop(0))
        assert found is not None
        node = found
    with node.make_context(name, words) as context:
        assert context.params["json"] is True


def test_every_figure_has_a_file_of_its_own() -> None:
    names = [name for name, _ in LINES]
    assert len(set(names)) == len(names) > 20
