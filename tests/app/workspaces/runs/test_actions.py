"""What can be done with a kept run, and why not."""

from pathlib import Path

import pytest

from app.state.store import RunStore
from app.workspaces.runs.actions import Chosen, why_not
from engine.events import WorkKind
from engine.store.rows import RunRow


def of(kind: WorkKind, method: str) -> Chosen:
    row = RunRow(
        "id", kind, "", method, "builtin", "builtin", "", "finished", "", 0, None, None, None, None, "", "", (), "", 0,
        Path("trace.jsonl"),
    )  # fmt: skip
    return Chosen(1, (row,), False, False)


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("run", "speculative"),
        ("comparison", "compare"),
        ("comparison", "race"),
        ("training", "forward-kl"),
        ("training", "gate"),
        ("measurement", "gate rows"),
        ("measurement", "sprinter"),
        ("run", "sprinter"),
    ],
)
def test_what_a_tab_shows_can_be_opened(kind: WorkKind, method: str) -> None:
    assert why_not("open", of(kind, method), RunStore()) == ""


@pytest.mark.parametrize(
    ("kind", "method"),
    [("measurement", "bench decode"), ("training", "builtin"), ("training", "compare-objectives")],
)
def test_what_no_tab_shows_says_so_and_names_the_way_out(kind: WorkKind, method: str) -> None:
    assert "export it" in why_not("open", of(kind, method), RunStore())


def test_a_race_has_nothing_to_predict_from() -> None:
    assert "measures nothing" in why_not("what_if", of("comparison", "race"), RunStore())


def rated(*rows: RunRow) -> str:
    return why_not("rate", Chosen(len(rows), rows, False, False), RunStore())


def test_two_runs_of_a_prompt_a_comparison_and_a_sweep_can_be_rated() -> None:
    run, comparison, sweep, bench = (
        of(kind, method).rows[0]
        for kind, method in (
            ("run", "plain"), ("comparison", "compare"), ("measurement", "sprinter"), ("measurement", "bench decode"),
        )
    )  # fmt: skip
    assert rated(run, run._replace(method="sprinter")) == rated(comparison) == rated(sweep) == ""
    assert "different prompts" in rated(run, run._replace(prompt="other"))
    assert "still running" in rated(run, run._replace(state="running"))
    for rows in ((run,), (bench,), (run, comparison), (run, run, run)):
        assert "select two runs" in rated(*rows)
    assert "select two runs" in rated(of("comparison", "race").rows[0])
