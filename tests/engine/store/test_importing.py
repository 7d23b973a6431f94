"""Traces from elsewhere: each taken in once, under a name of our own, whatever is in them."""

import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.errors import EngineError, InputError
from engine.runs.trace import FileJob, TraceWriter
from engine.store import folders
from engine.store.importing import ImportedTrace, import_traces
from tests import comparisons
from tests.engine.runs import stories
from tests.engine.store.kept import keep, opened, run


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder with a run, a comparison, a torn run and a file of something else."""
    folder = tmp_path / "elsewhere"
    keep(folder, run(0))
    keep(folder, comparisons.comparison())
    torn = folder / keep(folder, run(1)) / "trace.jsonl"
    torn.write_bytes(torn.read_bytes()[:-9])
    (folder / "prompts.jsonl").write_text('{"prompt": "x"}\n')
    return folder


def outcomes(answers: list[ImportedTrace]) -> list[str]:
    return sorted(answer.outcome for answer in answers)


def test_a_folder_is_taken_in_once(elsewhere: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    answers = list(import_traces(runs, [elsewhere]))
    assert outcomes(answers) == ["imported", "imported", "imported", "skipped"]
    (damaged,) = [answer for answer in answers if answer.outcome == "imported" and answer.why]
    assert "was not finished" in damaged.why
    again = list(import_traces(runs, [elsewhere]))
    assert outcomes(again) == ["known", "known", "known", "skipped"]
    assert {a.run_id for a in again if a.run_id} == {a.run_id for a in answers if a.run_id}
    with closing(opened(runs)) as index:
        assert len(index.ids()) == 3


def test_the_same_file_twice_at_once_is_one_run(elsewhere: Path, tmp_path: Path) -> None:
    (path,) = elsewhere.glob("*-speculative-0000/trace.jsonl")
    assert outcomes(list(import_traces(tmp_path / "runs", [path, path]))) == ["imported", "known"]


def test_labels_beside_a_trace_come_along(elsewhere: Path, tmp_path: Path) -> None:
    with closing(opened(elsewhere)) as index:
        (name,) = index.matching("0000")
        index.add_tags([name], ["theirs"])
    (answer,) = import_traces(tmp_path / "runs", [elsewhere / name / "trace.jsonl"])
    with closing(opened(tmp_path / "runs")) as index:
        assert index.rows([answer.run_id])[0].tags == ("theirs",)


def test_a_name_in_the_file_leads_nowhere(tmp_path: Path) -> None:
    hostile = replace(stories.started(), method="../../<b>\n", run_id="../../x", started_utc="../..")
    path = tmp_path / "evil.jsonl"
    writer = TraceWriter(path)
    writer.write(hostile)
    writer.close()
    (answer,) = import_traces(tmp_path / "a" / "runs", [path])
    assert answer.outcome == "imported"
    assert folders.is_safe(answer.run_id)
    assert [found.id for found in folders.scan(tmp_path / "a" / "runs")] == [answer.run_id]


@pytest.mark.parametrize("content", [b"", b"a,b,c\n1,2,3\n", b"not json\n", b"\0" * 1000, b"x" * 17 * 2**20])
def test_what_is_no_trace_is_refused_with_the_reason(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    (answer,) = import_traces(tmp_path / "runs", [tmp_path / "x.jsonl"])
    assert answer.outcome == "refused"
    assert "is not a Draftscope trace: " in answer.why
    assert not list(folders.scan(tmp_path / "runs"))


def test_pipes_and_missing_files_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    answers = list(import_traces(tmp_path / "runs", [tmp_path / "pipe", tmp_path / "gone"]))
    assert outcomes(answers) == ["refused", "refused"]


def test_links_in_a_folder_are_not_followed(elsewhere: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "link").symlink_to(elsewhere)
    (tmp_path / "theirs" / "link.jsonl").symlink_to(next(elsewhere.glob("*/trace.jsonl")))
    assert list(import_traces(tmp_path / "runs", [tmp_path / "theirs"])) == []


def test_a_full_disk_leaves_nothing_half(elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, there: Path) -> None:
        there.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(EngineError, match="No space left"):
        list(import_traces(tmp_path / "runs", [elsewhere]))
    assert not list((tmp_path / "runs").iterdir())


def test_an_import_can_be_stopped(elsewhere: Path, tmp_path: Path) -> None:
    job = FileJob()
    answers = import_traces(tmp_path / "runs", [elsewhere], job)
    assert next(answers).outcome in ("imported", "skipped")
    job.cancelled.set()
    with pytest.raises(EngineError, match="stopped"):
        next(answers)


def test_a_folder_of_too_many_files_is_refused(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("engine.store.importing._MOST_FILES", 2)
    with pytest.raises(InputError, match="more than 2 files"):
        list(import_traces(tmp_path / "runs", [elsewhere]))
