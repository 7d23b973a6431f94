"""Files of sweeps: continued where they were, one writer at a time, damaged ones refused."""

import json
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from engine.allocation import sweep_file
from engine.allocation.sweep_file import SweepFile, SweepHead
from engine.errors import InputError
from engine.events import Allocation
from tests.allocations import answered

HEAD = SweepHead(
    "builtin", "q", 3, "d", {"seed": 1}, {"target": "t", "embedder": "e"}, "cpu float32", {"torch": "2"}, "builtin"
)
ANSWERS = [answered(f"q{i}", Allocation(1, 0, 1)) for i in range(3)]


def begun(n: int, head: SweepHead = HEAD) -> Path:
    file = SweepFile(head)
    for answer in ANSWERS[:n]:
        file.add(answer)
    file.close()
    return file.path


def test_a_killed_sweep_continues_and_repeats_nothing() -> None:
    path = begun(2)
    assert list(sweep_file.read(path).answers) == ANSWERS[:2]
    file = SweepFile(HEAD)
    assert list(file.known.values()) == ANSWERS[:2]
    file.add(ANSWERS[2])
    file.close()
    assert path.read_bytes().count(b"\n") == 4


@pytest.mark.parametrize("torn", [b'{"event":"CellAns', b"\x00\xff"])
def test_a_torn_last_line_is_cut_off(torn: bytes) -> None:
    path = begun(2)
    path.write_bytes(path.read_bytes() + torn)
    assert list(sweep_file.read(path).answers) == ANSWERS[:2]
    assert begun(0) == path
    assert path.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize(
    "change",
    [
        {"input_tokens": -5}, {"input_tokens": 10**40}, {"latency_ms": -1e300}, {"f1": 1e300}, {"quality": 2.0},
        {"allocation": Allocation(-3, 0, 1)}, {"allocation": Allocation(1, 0, 0)},
    ],
)  # fmt: skip
def test_a_line_of_numbers_that_cannot_be_is_damaged(change: dict[str, object]) -> None:
    path = begun(2)
    odd = msgspec.to_builtins(ANSWERS[0]) | {name: msgspec.to_builtins(value) for name, value in change.items()}
    path.write_bytes(path.read_bytes() + json.dumps(odd).encode() + b"\n")
    with pytest.raises(InputError, match=r"line 4 is damaged \(.+\); delete the line"):
        sweep_file.read(path)


def test_a_torn_first_line_is_written_anew() -> None:
    path = begun(0)
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    assert begun(0).read_bytes() == whole


def test_two_writers_are_kept_apart() -> None:
    first = SweepFile(HEAD)
    with pytest.raises(InputError, match="another sweep"):
        SweepFile(HEAD)
    first.close()
    begun(0)


def test_other_models_are_another_file_and_what_changed_is_said() -> None:
    path = begun(1)
    other = replace(HEAD, models={"target": "u", "embedder": "e"}, settings={"seed": 2})
    assert sweep_file.why_new(HEAD) == ""
    assert sweep_file.why_new(other) == "a new sweep: the target, seed changed since the last one"
    assert begun(1, other) != path


def test_the_newest_sweep_of_a_target_is_chosen() -> None:
    with pytest.raises(InputError, match="no sweep yet"):
        sweep_file.newest()
    path = begun(1)
    assert sweep_file.newest() == sweep_file.newest("t") == path
    with pytest.raises(InputError, match="no sweep of this target, only of builtin"):
        sweep_file.newest("another")
    (path.parent / "other.jsonl").write_text("no sweep")
    assert sweep_file.newest() == path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no sweep"),
        (b'{"event":"evaluation"}\n', "is no sweep"),
        (b"\xff\xfe", "is no sweep"),
        (b"[" * 100_000 + b"\n", "is no sweep"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        sweep_file.read(path)
    with pytest.raises(InputError):
        sweep_file.read(tmp_path / "missing")


def test_a_damaged_line_is_named_and_the_file_stays() -> None:
    path = begun(2)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b'{"event":"CellAnswered"}\n' + lines[2])
    before = path.read_bytes()
    with pytest.raises(InputError, match="line 2 is damaged"):
        SweepFile(HEAD)
    assert path.read_bytes() == before
