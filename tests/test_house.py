"""engine/README.md against the tree: the price of each addition, and the two walks."""

import importlib
import re
from pathlib import Path

import pytest

from tests import test_adding_a_command as command

ROOT = Path(__file__).parents[1]
README = ROOT / "engine" / "README.md"
MOST_HAND_OVERS, MOST_FILES = 12, 8


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ )", README.read_text(encoding="utf-8"), re.S | re.M)
    assert found is not None, title
    return found[1]


def steps(title: str) -> list[str]:
    """The functions that a walk names, in order."""
    return re.findall(r"^\d+\. `([\w.]+:[\w.]+)`", section(title), re.M)


def sources(folder: str) -> list[str]:
    """The Python files of a folder of the tests."""
    return sorted(path.name for path in (ROOT / "tests" / folder).glob("*.py"))


def test_the_table_of_additions_is_what_the_tests_add() -> None:
    counted = {
        "a drafter": next([name] for name in sources("engine/drafters/toys") if name != "__init__.py"),
        "a method": sources("engine/methods/toys/toy"),
        "a command": command.TOUCHED,
        "a workspace": sources("app/workspaces/toys/toy_tab"),
    }
    rows = re.findall(r"^\| (a \w+) \| (\d+) \|", section("Adding things"), re.M)
    assert {name: int(n) for name, n in rows} == {name: len(files) for name, files in counted.items()}


@pytest.mark.parametrize("title", ["From a forward to a pixel", "From a question to its answer"])
def test_every_step_of_a_walk_is_there(title: str) -> None:
    for step in steps(title):
        module, _, name = step.partition(":")
        found: object = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        assert callable(found), step


def test_a_token_takes_few_hand_overs() -> None:
    assert 0 < len(steps("From a forward to a pixel")) <= MOST_HAND_OVERS


def test_a_question_passes_through_few_files() -> None:
    files = {step.partition(":")[0] for step in steps("From a question to its answer")}
    assert 0 < len(files) <= MOST_FILES


def test_the_event_of_a_round_is_built_in_one_place() -> None:
    built = re.compile(r"(?<!class )\bRoundFinished\((?!\))")
    places = [path.name for path in (ROOT / "engine").rglob("*.py") for _ in built.findall(path.read_text("utf-8"))]
    assert places == ["generation.py"]
