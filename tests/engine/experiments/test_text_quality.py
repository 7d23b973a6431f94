"""Overlap of words and repetition."""

import pytest

from engine.experiments import text_quality


@pytest.mark.parametrize(
    ("text", "reference", "expected"),
    [
        ("The cat sat.", "the cat sat", 1.0),
        ("", "", 1.0),
        ("a b", "", 0.0),
        ("a b c d", "a x c y", 0.5),
        ("海 の 船", "海 の 犬", 2 / 3),
    ],
)
def test_rouge_l_is_the_f_measure_of_the_longest_common_subsequence(text: str, reference: str, expected: float) -> None:
    assert text_quality.rouge_l(text, reference) == pytest.approx(expected)


def test_a_long_text_beside_one_that_leaves_it() -> None:
    text = "the harbour master counted his lanterns twice " * 14
    other = "the boat left before master counted lanterns " * 14
    assert text_quality.rouge_l(other, text) == pytest.approx(4 / 7)


def test_repetition_is_the_share_of_4_grams_seen_before() -> None:
    assert text_quality.repeated([1, 2, 3, 4, 5, 6]) == 0
    assert text_quality.repeated([1] * 8) == pytest.approx(0.8)
    assert text_quality.repeated([1, 2]) == 0
