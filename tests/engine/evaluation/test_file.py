"""Files of evaluations: gone on with where they were, never another's, one writer at a time."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.errors import InputError
from engine.evaluation.file import EvaluationFile, EvaluationHead, Grid, QuestionLine

HEAD = EvaluationHead(
    "builtin", "builtin", 3, "q", "d", {"seed": 1, "m": 5}, {"target": "t"}, {"target": "cpu"}, {}, Grid()
)
LINES = tuple(QuestionLine(f"q{i}", "claim", "True or false?", ("True",), winner=i) for i in range(3))


def begun(n: int) -> Path:
    file = EvaluationFile(HEAD, "builtin")
    for line in LINES[:n]:
        file.add(line)
    file.close()
    return file.path


def known() -> tuple[QuestionLine, ...]:
    file = EvaluationFile(HEAD, "builtin")
    file.close()
    return file.known


def test_a_killed_evaluation_goes_on_where_it_was() -> None:
    path = begun(2)
    assert known() == LINES[:2]
    assert path.read_bytes().count(b"\n") == 3


@pytest.mark.parametrize("torn", [b'{"event":"quest', b'{"event":"question","id":"q9"', b"\x00\xff"])
def test_a_torn_last_line_is_dropped(torn: bytes) -> None:
    path = begun(2)
    path.write_bytes(path.read_bytes() + torn)
    assert known() == LINES[:2]
    assert path.read_bytes().endswith(b"}\n")


def test_a_torn_first_line_is_written_anew() -> None:
    path = begun(0)
    whole = path.read_bytes()
    path.write_bytes(whole[:30])
    assert known() == ()
    assert path.read_bytes() == whole


def test_the_summary_of_a_whole_evaluation_is_made_again() -> None:
    path = begun(3)
    for _ in range(2):
        file = EvaluationFile(HEAD, "builtin")
        assert file.known == LINES
        file.finish({"systems": {}})
        file.close()
    assert path.read_bytes().count(b'"summary"') == 1


def test_another_setting_is_another_file() -> None:
    other = EvaluationFile(replace(HEAD, settings={"seed": 1, "m": 6}), "builtin")
    other.close()
    assert other.path != begun(1)
    assert not other.known


def test_two_writers_are_kept_apart() -> None:
    first = EvaluationFile(HEAD, "builtin")
    with pytest.raises(InputError, match="another evaluation"):
        EvaluationFile(HEAD, "builtin")
    first.close()
    assert known() == ()


def test_damage_is_refused_and_the_file_stays() -> None:
    path = begun(2)
    first, _, rest = path.read_bytes().partition(b"\n")
    for broken in (first + b"\nno json\n" + rest, b"something else\n" + rest):
        path.write_bytes(broken)
        with pytest.raises(InputError, match="delete"):
            EvaluationFile(HEAD, "builtin")
        assert path.read_bytes() == broken
