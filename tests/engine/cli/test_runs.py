"""`draftscope runs`: what is kept is listed, shown, labelled, deleted and restored; every refusal is one line."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.cli import main
from engine.machine import paths
from engine.runs.run_log import RunLog
from engine.store import blind_rating, rateable
from engine.store.blind_rating import Sitting
from tests import comparisons
from tests.engine.store import ratings
from tests.engine.store.kept import keep, run


@pytest.fixture
def ids() -> list[str]:
    """A run, a comparison and a run with hostile text, in the user's folder of this test."""
    hostile = "[bold]x[/bold] \x1b]0;title\x07 <script>"
    return [keep(paths.runs(), events) for events in (run(0, "The harbour"), comparisons.comparison(), run(1, hostile))]


def called(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> list[dict[str, object]]:
    """The objects that a command prints."""
    assert main(["runs", *arguments, "--json"]) == status
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a refused command prints."""
    capsys.readouterr()
    assert main(["runs", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[object]:
    return [line["id"] for line in called(capsys, "list", *arguments) if line["event"] == "run"]


def test_everything_that_is_kept_is_listed_newest_first(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    *rows, summary = called(capsys, "list")
    assert [row["id"] for row in rows] == [ids[1], ids[2], ids[0]]
    assert summary == {"event": "summary", "runs": 3, "listed": 3}
    assert rows[0]["kind"] == "comparison"
    assert listed(capsys, "--search", "harbour", "--kind", "run") == [ids[0]]
    assert listed(capsys, "--limit", "1") == [ids[1]]


def test_a_list_for_people_prints_foreign_text_as_text(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "list"]) == 0
    out = capsys.readouterr().out
    assert "[bold]" in out
    assert "\x1b]0" not in out
    assert "c0ffee00" in out


def test_settings_of_a_trace_from_elsewhere_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    start, *rest = run(7)
    hostile = replace(start, settings=(("\x1b[2Jname", "\x1b]0;title\x07[b]"),))  # type: ignore[call-arg]
    kept = keep(paths.runs(), [hostile, *rest])
    assert main(["runs", "note", kept, "first line\nsecond"]) == 0
    assert main(["runs", "show", kept]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "[b]" in shown
    assert "second" in shown and "first line second" not in shown


def test_one_run_is_shown_with_its_settings(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = called(capsys, "show", "c0ffee00")
    assert shown["settings"] == {"temperature": 0.0, "max_new_tokens": 48}
    assert (shown["processor"], shown["target"]) == ("a test's processor, 2 threads", "builtin")
    assert main(["runs", "show", ids[2]]) == 0
    assert "<script>" in capsys.readouterr().out


def test_labels_are_written_and_found(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "rename", "0000", "My title"]) == 0
    assert main(["runs", "note", "0000", "a note"]) == 0
    assert main(["runs", "tag", "0000", "0001", "--add", "a", "--add", "b"]) == 0
    assert main(["runs", "tag", "0001", "--remove", "b"]) == 0
    assert listed(capsys, "--tag", "a", "--tag", "b") == [ids[0]]
    assert listed(capsys, "--search", "my NOTE") == [ids[0]]


def test_a_deleted_run_can_be_restored_as_the_answer_says(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "delete", "0000", "0001"]) == 0
    assert f"draftscope runs restore {ids[0]} {ids[2]}" in capsys.readouterr().err
    assert listed(capsys) == [ids[1]]
    assert set(listed(capsys, "--deleted")) == {ids[0], ids[2]}
    (answer,) = called(capsys, "restore", "0000")
    assert answer["restored"] == [ids[0]]
    assert called(capsys, "purge", "--days", "1")[0]["purged"] == []
    assert called(capsys, "purge", "--days", "0")[0]["purged"] == [ids[2]]


def test_a_running_run_is_not_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    from queue import SimpleQueue

    log = RunLog(paths.runs(), SimpleQueue())
    for event in run(0)[:3]:
        log.add(event)
    assert "still running" in refusal(capsys, "delete", "0000").splitlines()[-1]
    log.close()
    assert main(["runs", "delete", "0000"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "nothing"], "no run 'nothing' is kept"),
        (["show", "2026"], "fits 3 runs"),
        (["delete", "../.."], "no run '../..' is kept"),
        (["restore", "0000"], "is in the trash"),
        (["list", "--kind", "x"], "kind = x"),
        (["list", "--limit", "-1"], "limit = -1"),
        (["tag", "0000"], "no tag to add or remove"),
        (["purge", "--days", "-1"], "days = -1"),
        (["delete"], "Missing argument"),
    ],
)
def test_bad_input_is_one_line(
    ids: list[str], arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refusal(capsys, *arguments)


def test_a_damaged_index_is_said_and_costs_nothing(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    listed(capsys)
    for path in paths.runs().glob("index.sqlite*"):
        path.unlink()
    (paths.runs() / "index.sqlite").write_bytes(b"garbage" * 1000)
    assert main(["runs", "list"]) == 0
    captured = capsys.readouterr()
    assert "is damaged" in captured.err
    assert "c0ffee00" in captured.out


def test_no_runs_at_all_is_an_empty_list(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert called(capsys, "list") == [{"event": "summary", "runs": 0, "listed": 0}]


def test_ratings_of_a_run_are_shown_and_exported_with_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    logs = ratings.two_runs(paths.runs())
    texts = rateable.read(logs)
    sitting = Sitting(texts, *(author.name for author in texts.authors))
    sitting.rate("both_bad")
    blind_rating.keep(logs, sitting.verdicts)
    (shown,) = called(capsys, "show", logs[1].parent.name)
    (verdict,) = shown["ratings"]  # type: ignore[misc]
    assert (verdict["verdict"], verdict["first_run"]) == ("both_bad", logs[0].parent.name)
    (counted,) = shown["rating_counts"]  # type: ignore[misc]
    assert (counted["n_both_bad"], counted["share_first"], counted["p"]) == (1, None, None)
    called(capsys, "export", logs[1].parent.name, "--out", str(tmp_path / "copy.jsonl"))
    assert blind_rating.kept(tmp_path / "copy.jsonl") == sitting.verdicts
