"""`scaling fit`, `allocate` and `check` on a sweep that lies in the user's folder."""

import json

import pytest

from engine.allocation.sweep_file import SweepFile
from engine.cli import main
from tests.allocations import CELLS, answered
from tests.engine.allocation.test_fitting import chance
from tests.engine.allocation.test_sweep_file import HEAD


@pytest.fixture(autouse=True)
def swept() -> str:
    file = SweepFile(HEAD)
    for i in range(20):
        kind = ("single", "bridge")[i % 2]
        for cell in CELLS:
            file.add(answered(f"q{i}", cell, kind=kind, right=i / 20 < chance(kind, cell)))
    file.close()
    return str(file.path)


def summary(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, object]:
    assert main(["scaling", *argv, "--json"]) == 0
    last: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["event"] == "summary"
    return last


@pytest.mark.parametrize("form", ["paper", "logit"])
def test_a_fit_has_its_figures(capsys: pytest.CaptureFixture[str], form: str, swept: str) -> None:
    fields = summary(capsys, "fit", "--form", form, "--sweep", swept)
    assert {"r2", "mse", "held_out_r2", "form"} <= set(fields) and fields["form"] == form
    assert isinstance(fields["r2"], float) and 0 < fields["r2"] <= 1


def test_an_allocation_stays_within_its_budget(capsys: pytest.CaptureFixture[str]) -> None:
    fields = summary(capsys, "allocate", "--budget", "400")
    assert isinstance(fields["max_context"], float) and fields["max_context"] <= 400
    assert {"k", "m", "n", "predicted", "predicted_ci", "share_of_best", "extrapolates"} <= set(fields)
    cheap = summary(capsys, "allocate", "--accuracy", "0.3")
    assert isinstance(cheap["predicted"], float) and cheap["predicted"] >= 0.3


def test_a_check_compares_three_budgets_with_the_whole_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    fields = summary(capsys, "check", "--form", "logit")
    assert isinstance(fields["budgets"], list) and len(fields["budgets"]) == 3
    assert all({"share", "share_unseen", "share_split"} <= set(row) for row in fields["budgets"])


def test_tables_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (["fit"], ["check"], ["allocate", "--budget", "400"]):
        assert main(["scaling", *argv]) == 0
    printed = capsys.readouterr().out
    assert "Gemini 1.5 Flash" in printed and "cells unseen" in printed and "budget utilization" in printed


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["allocate"], "neither a budget nor an accuracy"),
        (["allocate", "--budget", "5"], "budget = 5: the smallest combination takes up to"),
        (["allocate", "--budget", "0"], "budget = 0: must be >= 1"),
        (["allocate", "--accuracy", "1.5"], "accuracy = 1.5"),
        (["fit", "--form", "linear"], "form = linear: is not known"),
        (["fit", "--metric", "bleu"], "metric = bleu: is not known"),
        (["fit", "--sweep", "/nowhere.jsonl"], "/nowhere.jsonl"),
        (["check", "--budgets", "1,x"], "budgets = 1,x: is no list"),
    ],
)
def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], argv: list[str], said: str) -> None:
    assert main(["scaling", *argv]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
