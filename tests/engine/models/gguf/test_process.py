"""The conversion runs in a process of its own, whose end is told in one line, whichever way it ends."""

import os
import sys
from pathlib import Path

import pytest

from engine.errors import EngineError, MemoryExhausted, ModelError
from engine.models.gguf import plan, process
from engine.models.gguf.plan import ConversionPlan
from tests import fakes, gguf_files


@pytest.fixture
def work(tmp_path: Path) -> ConversionPlan:
    return plan.plan(plan.check(str(gguf_files.write(tmp_path / "m.gguf", fakes.model()))))


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """A process that does something else, in place of the conversion."""
    (folder / "stand_in.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setattr(process, "_MODULE", "stand_in")


def test_the_process_converts_and_its_progress_rises(work: ConversionPlan, tmp_path: Path) -> None:
    steps = [step.done for step in process.run(work, tmp_path / "m")]
    assert steps == sorted(steps)
    assert (tmp_path / "m" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ('print(\'{"message": "bad file", "hint": "other"}\'); raise SystemExit(2)', ModelError, "bad file"),
        ("raise OSError('disk full')", ModelError, "could not be converted .*disk full"),
        ("import os; os.kill(os.getpid(), 9)", MemoryExhausted, "signal 9, probably because memory ran out"),
        ("import os; os.abort()", MemoryExhausted, "signal 6"),
        ("", ModelError, "no reason given"),
        ("print('[]')", ModelError, "no reason given"),
    ],
)
def test_every_end_but_a_good_one_is_an_error(
    work: ConversionPlan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    kind: type[EngineError],
    reason: str,
) -> None:
    stand_in(monkeypatch, tmp_path, code)
    with pytest.raises(kind, match=reason):
        list(process.run(work, tmp_path / "m"))


def test_bars_on_stderr_tell_the_share(work: ConversionPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bar = r"\rConverting:  50%|# | 5/10 [00:01<00:01]"
    code = f"import sys\nsys.stderr.write({bar!r})\nsys.stderr.flush()\nsys.stdin.read()"
    stand_in(monkeypatch, tmp_path, code)
    steps = process.run(work, tmp_path / "m")
    shares = (step.done / step.total for step in steps)
    assert next(share for share in shares if share) == pytest.approx(0.45)
    steps.close()  # type: ignore[attr-defined]


def test_the_process_ends_with_the_generator(
    work: ConversionPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(
        monkeypatch,
        tmp_path,
        f"import os, sys, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(99)",
    )
    steps = process.run(work, tmp_path / "m")
    next(steps)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert sys.executable
