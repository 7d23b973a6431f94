"""Run files: what is written is read, damage is located, nothing else is believed."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError, InputError
from engine.events import SCHEMA, Event, Measured, Progressed, TrainingEstimated, TrainingStarted
from engine.runs import trace
from engine.runs.trace import TraceWriter
from tests.engine.runs import stories


def saved(folder: Path, events: list[Event]) -> Path:
    writer = TraceWriter(folder / "trace.jsonl")
    for event in events:
        writer.write(event)
    writer.close()
    return writer.path


def test_a_run_is_read_as_it_was_written_without_progress(tmp_path: Path) -> None:
    events = stories.whole_run()
    found = trace.read(saved(tmp_path, [*events, Progressed("loading", 1, 2, "bytes")]))
    assert found.events == tuple(events)
    assert found.damage is None


def test_torn_last_line_is_dropped_and_named(tmp_path: Path) -> None:
    path = saved(tmp_path, stories.whole_run())
    path.write_bytes(path.read_bytes()[:-20])
    found = trace.read(path)
    assert len(found.events) == len(stories.whole_run()) - 1
    assert found.damage is not None
    assert f"line {len(stories.whole_run())}" in found.damage


@settings(max_examples=60)
@given(data=st.data())
def test_any_cut_or_flipped_byte_is_survived(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = saved(tmp_path_factory.mktemp("t"), stories.whole_run())
    raw = bytearray(path.read_bytes())
    start = raw.index(b"\n") + 1
    at = data.draw(st.integers(start, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(at, len(raw)))])
    found = trace.read(path)
    assert found.events[0] == stories.whole_run()[0]
    assert len(found.events) <= len(stories.whole_run()) + 1


def test_future_version_is_refused_with_the_way_out(tmp_path: Path) -> None:
    future = msgspec.structs.replace(stories.started(), schema=SCHEMA + 1)
    with pytest.raises(InputError, match="update Draftscope"):
        trace.read(saved(tmp_path, [future]))


def test_fields_of_a_later_minor_version_are_ignored(tmp_path: Path) -> None:
    path = saved(tmp_path, [stories.started()])
    path.write_bytes(path.read_bytes().replace(b'"run_id"', b'"colour":"blue","run_id"'))
    assert trace.read(path).events == (stories.started(),)


@pytest.mark.parametrize("content", [b"", b"hello\n", b"[]\n", b'{"event":"RunFinished"}\n', b"\x00\xff\n"])
def test_file_that_is_no_run_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a Draftscope trace"):
        trace.read(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        trace.read(tmp_path / "none.jsonl")


def test_overlong_line_ends_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, stories.whole_run())
    monkeypatch.setattr(trace, "_MAX_LINE_BYTES", len(path.read_bytes().splitlines()[0]) + 1)
    found = trace.read(path)
    assert found.damage is not None
    assert "longer than" in found.damage


def test_existing_run_is_never_overwritten(tmp_path: Path) -> None:
    path = saved(tmp_path, stories.whole_run())
    with pytest.raises(EngineError, match="cannot be saved"):
        TraceWriter(path)


def test_file_written_by_the_first_version_is_still_read() -> None:
    found = trace.read(Path(__file__).parents[2] / "data" / "traces" / "v1.jsonl")
    assert found.damage is None
    assert len(found.events) > 10


@pytest.mark.parametrize(
    ("field", "value"), [("round", 10**400), ("round", -(10**20)), ("emitted", [2**60]), ("emitted", [10**30])]
)
def test_a_number_larger_than_any_run_has_is_damage(tmp_path: Path, field: str, value: object) -> None:
    path = saved(tmp_path, stories.whole_run())
    lines = path.read_bytes().splitlines(keepends=True)
    number = next(i for i, line in enumerate(lines) if b"RoundFinished" in line)
    broken = json.loads(lines[number]) | {field: value}
    lines[number] = json.dumps(broken).encode() + b"\n"
    path.write_bytes(b"".join(lines))
    found = trace.read(path)
    assert len(found.events) == number
    assert found.damage is not None


def test_a_setting_larger_than_any_run_has_is_no_run(tmp_path: Path) -> None:
    path = saved(tmp_path, stories.whole_run())
    lines = path.read_bytes().splitlines(keepends=True)
    broken = json.loads(lines[0]) | {"settings": [["gamma", 10**400]]}
    path.write_bytes(json.dumps(broken).encode() + b"\n" + b"".join(lines[1:]))
    with pytest.raises(InputError):
        trace.read(path)


@pytest.mark.parametrize(("field", "value"), [("round", 10**400), ("round", 2**60), ("value", 1e300)])
def test_a_number_larger_than_any_training_has_is_damage(tmp_path: Path, field: str, value: object) -> None:
    asked = TrainingEstimated("T", "cpu", 1, 1, 1, 1, 1, 2, 96, 1000, 3000.0)
    path = saved(tmp_path, [asked, Measured("loss", 7.0, 1)])
    lines = path.read_bytes().splitlines(keepends=True)
    broken = json.loads(lines[1]) | {field: value}
    path.write_bytes(lines[0] + json.dumps(broken).encode() + b"\n")
    found = trace.read(path)
    assert found.events == (asked,)
    assert found.damage is not None


def test_a_training_of_a_future_version_is_refused_with_the_way_out(tmp_path: Path) -> None:
    asked = TrainingEstimated("T", "cpu", 1, 1, 1, 1, 1, 2, 96, 1000, 3000.0)
    future = TrainingStarted("T", "d", "forward-kl", 2, 96, 9, 9, 1, 9, 9, 0, "cpu", "float32", schema=SCHEMA + 1)
    with pytest.raises(InputError, match="update Draftscope"):
        trace.read(saved(tmp_path, [asked, future]))


def test_a_long_read_says_how_far_it_is_and_can_be_stopped(tmp_path: Path) -> None:
    path = saved(tmp_path, stories.whole_run())
    job = trace.FileJob()
    trace.read(path, job)
    assert job.done == job.total == path.stat().st_size
    job.cancelled.set()
    with pytest.raises(EngineError, match="stopped"):
        trace.read(path, job)
