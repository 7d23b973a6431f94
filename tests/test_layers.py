"""Which room may import from which, read from the imports, and what an import really loads, tried in a process."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# From the ground up: each imports from those before it alone. A module at a root is a room of its own.
ENGINE = (
    "errors", "prompts", "speed_model", "statistics", "world", "machine", "events", "settings", "commands", "runs",
    "store", "reports", "decoding", "vocabularies", "fast", "models", "hub", "longspec", "sprinter", "drafters",
    "batch", "documents", "rag", "runtime", "method", "measuring", "training", "methods", "evaluation", "allocation",
    "experiments", "session", "host", "bench", "cli",
)  # fmt: skip
APP = (
    "theme", "text", "words", "choices", "widgets", "state", "panel", "plots", "panels", "workspaces", "menus",
    "collector", "main_window", "arguments", "screenshot", "application", "bench", "__main__",
)  # fmt: skip
INDEX = {"lancedb", "pyarrow", "pypdf"}
HEAVY = {"torch", "transformers", "PySide6", "pyqtgraph", "sentence_transformers", *INDEX}
QT = {"PySide6", "pyqtgraph", "superqt"}
LIGHT_ROOMS = (
    "events", "runs", "store", "reports", "world", "host", "cli", "method", "settings", "commands", "prompts",
    "speed_model", "statistics",
)  # fmt: skip
_SAYS_SO = "* imports neither Qt nor torch"
_STARTED = {"engine.cli.__main__", "engine.host.child"}  # what runs when it is imported, or in a process of its own


@cache
def modules(root: str) -> dict[str, Path]:
    """Every module by its name."""
    found = {}
    for path in (ROOT / root).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules of ours that one imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                if (module := whole if whole in known else node.module) in known:
                    yield module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in known)


def room(module: str) -> str:
    """The folder below the root, or the module itself where it stands at the root."""
    return [*module.split("."), ""][1]


@cache
def arrows(root: str) -> dict[str, set[str]]:
    """What each module imports."""
    known = modules(root)
    return {module: set(imported(path, known)) - {module} for module, path in known.items()}


def upward(root: str, order: tuple[str, ...]) -> list[str]:
    """Imports from a room that stands above."""
    rank = {name: i for i, name in enumerate(order)}
    return [
        f"{module} imports {other}"
        for module, others in sorted(arrows(root).items())
        for other in sorted(others)
        if room(module) and room(other) and rank[room(other)] > rank[room(module)]
    ]


def loaded_by(*names: str, then: str = "") -> set[str]:
    """The top-level packages that importing these loads, and what is done `then`."""
    code = f"import sys, {', '.join(names)}\n{then}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(found.stdout.split())


@pytest.mark.parametrize(("root", "order"), [("engine", ENGINE), ("app", APP)])
def test_every_room_has_its_place_in_the_order(root: str, order: tuple[str, ...]) -> None:
    assert {room(module) for module in modules(root)} - {""} == set(order)


@pytest.mark.parametrize(("root", "order"), [("engine", ENGINE), ("app", APP)])
def test_no_room_imports_from_one_above(root: str, order: tuple[str, ...]) -> None:
    assert upward(root, order) == []


@pytest.mark.parametrize("root", ["engine", "app"])
def test_no_files_import_each_other_in_a_circle(root: str) -> None:
    known = arrows(root)
    assert set(TopologicalSorter(known).static_order()) >= set(known)  # a circle raises CycleError, which names it


@pytest.mark.parametrize("root", ["engine", "app"])
def test_few_modules_stand_at_a_root(root: str) -> None:
    assert len(list((ROOT / root).glob("*.py"))) <= 9


def test_light_rooms_load_neither_qt_nor_torch() -> None:
    known = modules("engine")
    light = {name for name in known if room(name) in LIGHT_ROOMS and name not in _STARTED}
    light |= {name for name, path in known.items() if _SAYS_SO in path.read_text(encoding="utf-8")} - _STARTED
    assert not loaded_by(*sorted(light)) & HEAVY


def test_engine_loads_no_qt_and_discovers_its_drafters_and_methods() -> None:
    discover = (
        "from engine import drafters, methods; assert min(len(drafters.discover()), len(methods.discover())) >= 2"
    )
    found = loaded_by("engine.session.session", "engine.bench.decode", "engine.bench.losslessness", then=discover)
    assert "torch" in found
    assert not found & QT
    assert not found & INDEX, "they are imported once an index is opened"


def test_window_loads_no_model_library() -> None:
    found = loaded_by("app.main_window")
    assert "PySide6" in found
    assert not found & {"torch", "transformers", "sentence_transformers", "lancedb", "pyarrow", "sklearn"}
