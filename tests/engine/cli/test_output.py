"""What is printed for people: names and figures without the signs of the language."""

import pytest

from engine.cli.output import Output


def test_lists_are_printed_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    Output(json=False).summary({"files": ["a.html", "b.csv"], "ci": [1.0, 2.5], "none": [], "run": None})
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [" ".join(line.split()) for line in lines] == ["files a.html, b.csv", "ci [1, 2.5]", "none -", "run -"]
