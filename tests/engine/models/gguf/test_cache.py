"""A file is converted once; stopped, failed or simultaneous conversions leave nothing half behind."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from engine.errors import InputError, ModelError
from engine.events import ConversionStarted, Progressed
from engine.models import checkpoint_folder, checks
from engine.models.gguf import cache, conversion, process
from engine.models.gguf.plan import ConversionPlan, root
from tests import fakes, gguf_files


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(process, "run", in_this_process)
    return gguf_files.write(tmp_path / "m.gguf", fakes.model())


def in_this_process(work: ConversionPlan, folder: Path) -> Iterator[Progressed]:
    """What the process does, without its seconds of imports."""
    yield Progressed("converting", 0, work.disk_bytes, "bytes")
    conversion.convert(work.header, folder, getattr(torch, work.dtype))


def convert(file: Path) -> tuple[list[ConversionStarted | Progressed], Path]:
    steps, conversions = [], cache.convert(str(file))
    while True:
        try:
            steps.append(next(conversions))
        except StopIteration as end:
            return steps, end.value


def entries() -> list[str]:
    return sorted(path.name for path in root().iterdir() if path.is_dir() and path.name != "hashes")


def test_a_file_is_converted_once_and_what_it_takes_is_said_first(file: Path) -> None:
    assert cache.converted(str(file)) is None
    steps, folder = convert(file)
    assert isinstance(steps[0], ConversionStarted)
    assert cache.converted(str(file)) == folder
    assert convert(file) == ([], folder)


def test_a_moved_and_touched_file_is_not_converted_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, folder = convert(file)
    moved = file.rename(file.with_name("m-2.gguf")).rename(file.parent / file.name)
    os.utime(moved, ns=(1, 1))
    monkeypatch.setattr(process, "run", None)
    assert convert(moved)[1] == folder


def test_a_changed_file_is_converted_anew_and_the_old_one_goes(file: Path) -> None:
    _, before = convert(file)
    gguf_files.write(file, fakes.model(seed=1))
    os.utime(file, ns=(1, 1))
    assert cache.converted(str(file)) is None
    _, after = convert(file)
    assert after != before
    assert entries() == [after.name]


def test_a_stopped_conversion_leaves_nothing(file: Path) -> None:
    steps = cache.convert(str(file))
    for step in steps:
        if isinstance(step, Progressed) and step.phase == "converting":
            break
    steps.close()
    assert entries() == []
    assert convert(file)[1].is_dir(), "and its lock is free again"


@pytest.mark.parametrize(
    ("error", "kind"), [(ModelError("bad", "other"), ModelError), (OSError(28, "full"), InputError)]
)
def test_a_failed_conversion_leaves_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception]
) -> None:
    def fail(work: ConversionPlan, folder: Path) -> Iterator[Progressed]:
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"half")
        yield Progressed("converting", 0, 1, "bytes")
        raise error

    monkeypatch.setattr(process, "run", fail)
    with pytest.raises(kind):
        convert(file)
    assert entries() == []


def test_what_a_killed_conversion_left_is_cleared_away(file: Path) -> None:
    folder = cache.convert(str(file))
    name = convert(file)[1].name
    folder.close()
    for half in (root() / name / "source.json", root() / name / "config.json"):
        half.unlink()
    (root() / f".{name}.dead.partial").mkdir()
    assert cache.converted(str(file)) is None
    assert convert(file)[1].name == name
    assert entries() == [name]


def test_a_second_conversion_waits_for_the_first(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    n_runs, go_on, waits = [], threading.Event(), threading.Event()

    def slow(work: ConversionPlan, folder: Path) -> Iterator[Progressed]:
        n_runs.append(1)
        go_on.set()
        waits.wait(30)
        yield from in_this_process(work, folder)

    monkeypatch.setattr(process, "run", slow)
    first = threading.Thread(target=convert, args=(file,))
    first.start()
    assert go_on.wait(30)
    second = cache.convert(str(file))
    steps = [next(second) for _ in range(2)]
    waits.set()
    steps += list(second)
    first.join()
    assert len(n_runs) == 1
    assert any(isinstance(step, Progressed) and step.done == 0 for step in steps)


def test_a_file_that_changes_meanwhile_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def changing(work: ConversionPlan, folder: Path) -> Iterator[Progressed]:
        yield from in_this_process(work, folder)
        os.utime(file, ns=(1, 1))

    monkeypatch.setattr(process, "run", changing)
    with pytest.raises(InputError, match="changed while it was converted"):
        convert(file)
    assert entries() == []


def test_the_hash_of_a_model_is_that_of_its_file(file: Path) -> None:
    before = checkpoint_folder.fingerprint(str(file))
    convert(file)
    assert checkpoint_folder.fingerprint(str(file)) == before == cache.file_hash(str(file))


def test_configuration_tokenizer_and_vocabulary_are_known_before_and_stay_the_same_after(file: Path) -> None:
    before = checkpoint_folder.inspect(str(file))
    config, tokenizer = checks.configuration(before), checks.read_tokenizer(before)
    checks.refuse_other_vocabulary(before, before)
    convert(file)
    after = checkpoint_folder.inspect(str(file))
    assert (before.gguf is not None, after.gguf) == (True, None)
    assert before.n_parameters == after.n_parameters
    assert checks.configuration(after).rope_parameters == config.rope_parameters
    assert checks.read_tokenizer(after).get_vocab() == tokenizer.get_vocab()
    checks.refuse_other_vocabulary(before, after)
