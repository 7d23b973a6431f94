"""`draftscope runs what-if`: runs by id and by file, lanes of a comparison, and what it refuses."""

import json
from functools import reduce
from pathlib import Path

import msgspec
import pytest

from engine.cli import main
from engine.events import RunStarted
from engine.machine import paths
from engine.runs.summary import Summary, fold
from tests import comparisons
from tests.engine.store import kept


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict[str, object]], str]:
    """Exit status, printed objects, and what went to stderr."""
    status = main(["runs", "what-if", *words, "--json"])
    printed = capsys.readouterr()
    return status, [json.loads(line) for line in printed.out.splitlines()], printed.err


@pytest.fixture
def run_id() -> str:
    return kept.keep(paths.runs(), kept.run(1))


def test_a_run_is_named_by_a_part_of_its_id(run_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, objects, _ = asked(capsys, run_id[-6:], "--gamma", "1", "--drafter-speed", "2")
    *options, summary = objects
    assert status == 0
    assert [option["gamma"] for option in options] == list(range(17))
    assert summary["event"] == "summary"
    assert (summary["run"], summary["recorded_gamma"], summary["gamma"]) == (run_id, 2, 1)
    assert summary["lossless"] is True
    assert summary["predicted_speedup"] == options[1]["predicted_speedup"]


def test_a_lenient_rule_is_not_lossless_and_says_so(run_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, objects, _ = asked(capsys, run_id, "--lenience", "0.5")
    assert objects[-1]["lossless"] is False
    assert "another text" in str(objects[-1]["how"])


def test_a_replay_of_a_run_that_accepted_by_the_block_says_that_it_goes_token_by_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, *rest = kept.run(1)
    assert isinstance(first, RunStarted)
    by_block = msgspec.structs.replace(first, settings=(*first.settings, ("accept", "block")))
    other = msgspec.structs.replace(by_block, started_utc="2026-01-01T05:00:00Z")
    for events, said in ([first, *rest], False), ([other, *rest], True):
        _, objects, _ = asked(capsys, kept.keep(paths.runs(), events))
        assert ("token by token" in str(objects[-1]["how"])) == said


def test_a_lane_of_a_comparison_is_chosen_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "comparison.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in comparisons.comparison()))
    _, objects, _ = asked(capsys, str(path), "--lane", comparisons.GENERAL.name)
    assert (objects[-1]["lane"], objects[-1]["gamma"]) == (comparisons.GENERAL.name, 4)
    status, _, err = asked(capsys, str(path), "--lane", "absent")
    assert status == 2
    assert comparisons.GENERAL.name in err


@pytest.mark.parametrize(
    ("words", "said"),
    [(("nowhere",), "there is no run"), (("x", "--gamma", "-1"), "gamma = -1"), (("x", "--gamma", "99"), "gamma = 99"),
     (("x", "--drafter-speed", "0"), "drafter-speed = 0"), (("x", "--lenience", "1.5"), "lenience = 1.5"),
     (("x", "--drafter-speed", "nan"), "drafter-speed = nan")],
)  # fmt: skip
def test_bad_input_is_one_line(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, objects, err = asked(capsys, *words)
    assert (status, objects) == (2, [])
    assert said in err
    assert err.count("\n") == 1


def test_runs_that_share_a_part_of_their_id_are_not_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    ids = [kept.keep(paths.runs(), kept.run(i)) for i in (1, 2)]
    status, _, err = asked(capsys, "2026")
    assert status == 2
    assert "2 runs" in err
    assert any(run_id in err for run_id in ids)


def test_a_run_without_a_tested_draft_has_nothing_to_replay(capsys: pytest.CaptureFixture[str]) -> None:
    run_id = kept.keep(paths.runs(), kept.run(1, n_events=2))
    status, _, err = asked(capsys, run_id)
    assert status == 2
    assert "no draft" in err


def test_the_recorded_draft_length_is_priced_at_the_costs_of_the_run_itself(
    run_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, objects, _ = asked(capsys, run_id)
    summary = reduce(fold, kept.run(1), Summary())
    assert summary.costs is not None
    assert summary.tau is not None
    assert objects[-1]["predicted_speedup"] == pytest.approx(summary.costs.speedup(summary.tau, summary.gamma))
