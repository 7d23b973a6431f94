"""Run files: what is written is read, damage is located, nothing else is believed."""

import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import EngineError, InputError
from engine.events import SCHEMA, BlockFinished, Event, Measured, Progressed, TrainingEstimated, TrainingStarted
from engine.runs import trace
from engine.runs.summary import Summary, fold
from engine.runs.trace import TraceWriter
from engine.store.digest import digest
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


@pytest.mark.parametrize("part", ["proposed", "last"])
def test_a_token_larger_than_any_vocabulary_is_damage(tmp_path: Path, part: str) -> None:
    path = saved(tmp_path, stories.whole_run())
    lines = path.read_bytes().splitlines(keepends=True)
    number = next(i for i, line in enumerate(lines) if b"RoundFinished" in line)
    broken = json.loads(lines[number])
    (broken["last"] if part == "last" else broken["proposed"][0])["id"] = 2**70
    lines[number] = json.dumps(broken).encode() + b"\n"
    path.write_bytes(b"".join(lines))
    found = trace.read(path)
    assert len(found.events) == number
    assert "larger than any run has" in str(found.damage)


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


def test_prompt_whose_texts_are_not_those_of_its_tokens_is_no_run(tmp_path: Path) -> None:
    start = stories.started()
    for pieces in ((), (*start.prompt_pieces, "more")):
        (tmp_path / "trace.jsonl").unlink(missing_ok=True)
        path = saved(tmp_path, [msgspec.structs.replace(start, prompt_pieces=pieces)])
        with pytest.raises(InputError, match=f"a prompt of {len(start.prompt_ids)} tokens with the texts of"):
            trace.read(path)


def test_more_timed_blocks_than_any_run_has_are_damage(tmp_path: Path) -> None:
    block = BlockFinished("plain", 0, (1,), 1.0, 1.0, 1.0, 1.0)
    found = trace.read(saved(tmp_path, [stories.started(), *[block] * 5000]))
    assert found.damage is not None
    assert "more than 2,048 timed blocks" in found.damage
    assert len(found.events) == 1 + 2048


def test_more_settings_or_proposals_than_any_run_has_are_refused(tmp_path: Path) -> None:
    start = stories.started()
    many = msgspec.structs.replace(start, settings=tuple((f"s{i}", i) for i in range(2000)))
    with pytest.raises(InputError, match="2,000 settings"):
        trace.read(saved(tmp_path / "a", [many]))
    wide = msgspec.structs.replace(stories.round_of(0, "accepted"), proposed=(stories.proposed(1, "accepted"),) * 5000)
    assert "5,000 proposed tokens" in str(trace.read(saved(tmp_path / "b", [start, wide])).damage)


def test_pipe_or_device_is_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name, kind in (("pipe", "a pipe"), ("zero", "a device")):
        with pytest.raises(InputError, match=f"is {kind}, not a file"):
            trace.read(tmp_path / name)


_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8), st.just([]), st.just({}),
    st.lists(st.integers(-3, 3), max_size=4), st.just("\u202e\x1b[2J"),
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_any_other_value_in_any_field_is_survived(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = [json.loads(msgspec.json.encode(event)) for event in stories.whole_run()]
    for _ in range(data.draw(st.integers(1, 3))):
        line = data.draw(st.sampled_from(lines))
        if isinstance(proposed := line.get("proposed"), list) and proposed and data.draw(st.booleans()):
            line = proposed[0]
        if isinstance(line, dict):
            line[data.draw(st.sampled_from(sorted(line)))] = data.draw(_ODD)
    path = tmp_path_factory.mktemp("t") / "trace.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    try:
        events = trace.read(path).events
    except InputError as err:
        assert len(str(err)) < 600
        return
    summary = Summary()
    for event in events:
        summary = fold(summary, event)
    shown = [getattr(summary, name) for name, value in vars(Summary).items() if isinstance(value, property)]
    assert len(shown) > 10
    assert digest(path).kind == "run"


def test_name_that_is_no_text_is_saved_with_escapes(tmp_path: Path) -> None:
    started = msgspec.structs.replace(stories.started(), target="m\udcff")
    found = trace.read(saved(tmp_path, [started, *stories.whole_run()[1:]]))
    assert found.events == (msgspec.structs.replace(started, target="m\\udcff"), *stories.whole_run()[1:])
