import pytest

from engine.reports.shown_text import one_line, paragraphs, printable, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" a b\n", "·a·b⏎"),
        ("<b>x</b>&amp;", "<b>x</b>&amp;"),
        ("\t\x00\x1b\x7f", "⇥␀␛␡"),
        ("\u202eevil", "⟨U+202E⟩evil"),
        ("a\u200bb\u2028c\u00a0", "a⟨U+200B⟩b⟨U+2028⟩c⟨U+00A0⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("👩\u200d🚒 日本語", "👩\u200d🚒·日本語"),
        ("e\u0301", "e\u0301"),
        ("\u0301", "◌\u0301"),
        ("a" + "\u0301" * 200 + "b", "a" + "\u0301" * 4 + "⟨+196 marks⟩b"),
        ("\u3164\u2800", "⟨U+3164⟩⟨U+2800⟩"),
        ("", ""),
    ],
)
def test_nothing_in_a_text_can_act_or_hide(text, shown):
    assert visible(text) == shown


def test_a_huge_text_is_cut_and_counted():
    shown = visible("x" * 1_000_000)
    assert len(shown) < 300
    assert "999,760" in shown


def test_no_character_is_shown_that_no_file_may_hold():
    assert visible("\ufffe\uffff\ufdd0\U0001ffff") == "⟨U+FFFE⟩⟨U+FFFF⟩⟨U+FDD0⟩⟨U+1FFFF⟩"


def test_a_line_keeps_its_spaces_and_its_middle_dots():
    assert one_line("cpu · float32\n") == "cpu · float32⏎"
    assert one_line("x" * 30, longest=10) == "xxxxxxxxxx…⟨+20 characters⟩"


def test_paragraphs_keep_their_breaks_and_are_cut_where_that_is_wanted():
    assert paragraphs("a b\r\nc\u202e") == "a b\nc⟨U+202E⟩"
    assert paragraphs("ab\ncd", longest=3) == "ab\n…⟨+2 characters⟩"


def test_text_for_a_terminal_keeps_its_lines_and_its_script() -> None:
    for text in ("a b\tc\nd", "ที่ประชุม", "क्‍ष", "👩\u200d🚀", "\u0301", "word\u00a0\u3000word"):
        assert printable(text) == text
    assert printable("a\x1b[31m\u202e\u2028\x85") == "a␛[31m⟨U+202E⟩⟨U+2028⟩⟨U+0085⟩"
