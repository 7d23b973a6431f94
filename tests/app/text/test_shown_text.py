import pytest

from app.text.shown_text import visible


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
