"""A command is added to a copy of the tree, tried there on both hosts and the command line, and its files counted."""

import filecmp
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_FILES = 8
TOUCHED = [
    "engine/cli/commands.py", "engine/cli/count.py", "engine/commands/__init__.py", "engine/commands/measuring.py",
    "engine/session/counting.py",
]  # fmt: skip
STRUCT = '''
class Count(Order, frozen=True, tag=True):
    """Count to a number."""

    last: ClassVar[tuple[type[Event], ...]] = (Progressed,)
    doing: ClassVar[str] = "counting"
    under_way: ClassVar[str] = "something is being counted"

    n: int

    def ends_with(self, event: Event) -> bool:
        return super().ends_with(event) and not (isinstance(event, Progressed) and event.done < event.total)


CONTEXTS ='''
FAMILY = '''"""Counts."""

from collections.abc import Iterator
from threading import Event as Flag

from engine.commands import Count
from engine.events import Event, Progressed


def count(session: object, asked: Count, cancelled: Flag) -> Iterator[Event]:
    """Count to a number."""
    yield from (Progressed("checking", n + 1, asked.n, "numbers") for n in range(asked.n))


HANDLERS = {Count: count}
'''
LINE = '''"""`draftscope count`."""

from engine.cli.exit_status import OK
from engine.cli.output import Output
from engine.commands import Count


def count(n: int = 3) -> int:
    """Count to a number."""
    from engine.session.session import Session

    *_, last = Session().do(Count(n))
    Output(json=True).summary({"counted": last.done})
    return OK
'''
TRY = """
from engine.commands import Count, Load
from engine.events import EngineStarted, Progressed, Refused
from engine.host.process_host import ProcessHost
from engine.host.thread_host import ThreadHost
from app.state.engine_link import EngineLink
if __name__ == "__main__":
    for host in (ThreadHost(), ProcessHost()):
        link = EngineLink()
        link.attach(host)
        link.commands.ask(Count(4))
        assert link.doing(None) == "counting" and link.commands.front.under_way == "something is being counted"
        heard = []
        while link.commands.front is not None:
            event = host.inbox.get(timeout=120)
            link.commands.hear(event)
            heard.append(event)
            assert not isinstance(event, Refused), event
        assert [event.done for event in heard if isinstance(event, Progressed)] == [1, 2, 3, 4], heard
        host.close()
    from engine.cli import main
    assert main(["count", "--n", "5"]) == 0
"""


def add(tree: Path) -> None:
    """Add a command that counts."""
    edit(
        tree / "engine" / "commands" / "measuring.py",
        ("\nCONTEXTS =", STRUCT),
        ("from engine.events import (\n", "from engine.events import (\n    Progressed,\n"),
    )
    edit(
        tree / "engine" / "commands" / "__init__.py",
        ("measuring import CONTEXTS, ", "measuring import CONTEXTS, Count, "),
        ("Command: TypeAlias = (\n    Load\n", "Command: TypeAlias = (\n    Count\n    | Load\n"),
    )
    (tree / "engine" / "session" / "counting.py").write_text(FAMILY)
    (tree / "engine" / "cli" / "count.py").write_text(LINE)
    decode = '    app.command("decode")'
    edit(
        tree / "engine" / "cli" / "commands.py",
        ("    bench,\n", "    bench,\n    count,\n"),
        (decode, f'    app.command("count")(count.count)\n{decode}'),
    )


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Change a file, in which each of these must be."""
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)


def changed(tree: Path) -> list[str]:
    """Which source files of a tree are not as they are here."""
    files = (path for root in ("engine", "app") for path in (tree / root).rglob("*.py"))
    names = (str(path.relative_to(tree)) for path in files)
    return sorted(name for name in names if not (ROOT / name).exists() or not filecmp.cmp(ROOT / name, tree / name))


def ran(tree: Path, *argv: str) -> str:
    """What Python prints that finds the tree's modules before all others."""
    env = {**os.environ, "PYTHONPATH": str(tree), "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
    found = subprocess.run([sys.executable, *argv], capture_output=True, text=True, env=env, cwd=tree, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_a_command_is_declared_once_and_costs_few_files(tmp_path: Path) -> None:
    for root in ("engine", "app"):
        shutil.copytree(ROOT / root, tmp_path / root, ignore=shutil.ignore_patterns("__pycache__"))
    add(tmp_path)
    (tmp_path / "try_it.py").write_text(TRY)
    assert json.loads(ran(tmp_path, "try_it.py"))["counted"] == 5
    assert changed(tmp_path) == TOUCHED
    assert len(TOUCHED) <= MOST_FILES
