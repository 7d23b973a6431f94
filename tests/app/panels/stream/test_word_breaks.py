import pytest

from app.panels.stream.word_breaks import may_break


@pytest.mark.parametrize(("before", "after"), ["ab", "a,", "a.", "é́"[:2], '"G', "r'", "1.", "a⟨"])
def test_a_line_never_breaks_inside_a_word_or_before_its_punctuation(before, after):
    assert not may_break(before, after)


@pytest.mark.parametrize(("before", "after"), [("", "a"), *("a ", "a·", " b", "·b", "⏎b", "-b", "—b")])
def test_a_line_may_break_at_spaces_and_after_dashes(before, after):
    assert may_break(before, after)


def test_a_minus_stays_with_its_number():
    assert not may_break("-", "3")


def test_scripts_without_spaces_break_between_characters_but_not_before_their_punctuation():
    assert may_break("日", "本")
    assert not may_break("本", "。") and not may_break("「", "日")
