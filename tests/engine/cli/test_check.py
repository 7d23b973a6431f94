"""`draftscope check`: the tables of the accept rules, and what is refused before anything is loaded."""

import json

import pytest

from engine.cli import main


def checked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit status and what was printed."""
    status = main(["check", *words])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_the_tables_of_the_rules_are_printed_as_objects(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = checked(capsys, "rules", "--tables", "2", "--json")
    *results, summary = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert {result["event"] for result in results} == {"rule"}
    assert summary["event"] == "summary"
    assert summary["largest_error"] < 1e-12
    assert summary["least_gain"] > -1e-12
    assert len(summary["results"]) == len(results) == 20


def test_the_tables_of_the_rules_are_printed_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = checked(capsys, "rules", "--tables", "1", "--seed", "4")
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    assert [len(line) for line in lines if line[:1] in (["token"], ["block"])] == [5, 5]
    assert [line[0] for line in lines if line and line[0] in ("independent", "recursive", "point", "traversal")] == [
        "independent", "recursive", "point", "traversal",
    ]  # fmt: skip
    assert "largest error" in out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("rules", "--tables", "0"), "tables = 0"),
        (("rules", "--tables", "100000"), "tables = 100000"),
        (("rules", "--seed", "-1"), "seed = -1"),
        (("losslessness", "--accept", "each"), "unknown accept rule 'each'"),
        (("losslessness", "--accept", "traversal"), "traversal is a rule for trees"),
        (("losslessness", "--accept", "recursive"), "recursive is a rule for trees"),
        (("losslessness", "--samples", "5"), "samples = 5"),
    ],
)
def test_nonsense_is_refused_in_one_line(
    words: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = checked(capsys, *words)
    assert status == 2
    assert reason in err
    assert not out
