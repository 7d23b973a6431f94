"""Foreign text becomes one line of a bounded length, foreign numbers become numbers that can be stored."""

import math

import pytest

from engine.store.text import LARGEST, count, finite, one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\nb\tc", "a b c"), ("\x1b[31mred", "[31mred"), ("a\0b", "a b"), ("\u202eevil", "evil"), ("\ud800x", "x"),
        ("<b>bold</b>", "<b>bold</b>"), ("", ""),
    ],
)  # fmt: skip
def test_control_characters_become_spaces(text: str, line: str) -> None:
    assert one_line(text, 40) == line


def test_long_text_is_cut_with_a_mark() -> None:
    assert one_line("x" * 10**6, 10) == "x" * 9 + "…"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, None])
def test_what_is_no_figure_is_left_out(value: float | None) -> None:
    assert finite(value) is None


def test_counts_fit_the_database() -> None:
    assert (count(-1), count(5), count(10**30)) == (0, 5, LARGEST)
