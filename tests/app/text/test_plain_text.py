"""Paths are cut in the middle, other lines at their end, and nothing is interpreted."""

import pytest
from PySide6.QtCore import Qt

from app.text.plain_text import elide_mode, flowing, path_line, plain_tip

PATH = "/home/somebody/models/language/instruct/SmolLM2-135M-Instruct"


def test_long_path_keeps_both_ends() -> None:
    shown = path_line(PATH, longest=40)
    assert len(shown) == 40
    assert shown.startswith("/home/someb")
    assert shown.endswith("SmolLM2-135M-Instruct")
    assert shown.count("…") == 1


@pytest.mark.parametrize("text", ["", "builtin", "HuggingFaceTB/SmolLM2-135M", PATH])
def test_what_fits_stays_as_it_is(text: str) -> None:
    assert path_line(text, longest=100) == text


def test_control_characters_of_a_path_are_made_visible() -> None:
    assert path_line("a\nb\u202ec") == "a⏎b⟨U+202E⟩c"


@pytest.mark.parametrize(
    "text",
    [PATH, f"loading {PATH} and lookup", "from ~/x: done", r"saved to C:\models\a", "./a/b", "models/a/b is not"],
)
def test_line_that_names_a_path_is_cut_in_the_middle(text: str) -> None:
    assert elide_mode(text) is Qt.TextElideMode.ElideMiddle


@pytest.mark.parametrize("text", ["", "and/or", "12.3 ms / token", "a sentence. Another one", "org/model in the cache"])
def test_any_other_line_is_cut_at_its_end(text: str) -> None:
    assert elide_mode(text) is Qt.TextElideMode.ElideRight


def test_tooltip_shows_markup_as_it_is_written() -> None:
    assert plain_tip("<b>a</b>\nb") == "<p>&lt;b&gt;a&lt;/b&gt;</p><p>b</p>"


def test_lines_that_were_broken_to_be_narrow_flow_and_all_others_stay() -> None:
    full = "a line that goes on until it is full, as in mail or in a PDF,"
    assert flowing(f"{full}\nand on\n\nnext") == f"{full} and on\n\nnext"
    assert flowing(f"{full}   \nand on") == f"{full} and on"
    for kept in ("short\nlines", f"{full}\n- a list", f"{full}\n  indented", f"{full}\n1. one", f"{full}\n| a |", "\n"):
        assert flowing(kept) == kept
    assert "\u202e" not in flowing(f"{full}\n\u202eabc")
