"""`draftscope bench store`: figures as JSON, and few runs refused."""

import json

import pytest

from engine.cli import main


def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "store", "--runs", "100", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["runs"] == 100
    assert {"open_ms", "filter_ms", "filter_max_ms", "unchanged_ms"} <= set(summary)


@pytest.mark.parametrize("arguments", [["--runs", "5"], ["--kills", "-1"]])
def test_too_few_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "store", *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
