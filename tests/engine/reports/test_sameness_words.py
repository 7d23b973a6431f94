"""What is said of a lane's texts."""

import pytest

from engine.events import LaneFigures
from engine.reports.sameness_words import sameness_words


@pytest.mark.parametrize(
    ("same", "n_differing", "n_plain", "words"),
    [
        (True, 0, None, "writes the text of plain decoding on every prompt"),
        (None, 0, None, ""),
        (False, 1, None, "differs from plain decoding on 1 of 9 prompts, once from token 17 on (top-2 margin 0.25)"),
        (False, 1, 0, "two plain runs never differ"),
        (True, 1, 2, "two plain runs differ on 2: no more than rounding explains"),
        (False, 8, 1, "more or earlier than rounding explains"),
        (None, 2, 1, "too few to tell this from rounding"),
    ],
)
def test_the_words_say_what_was_compared(same: bool | None, n_differing: int, n_plain: int | None, words: str) -> None:
    lane = LaneFigures(
        "a γ 2", "a", 2, "speculative", 9, 900, same_text=same, n_differing=n_differing,
        first_divergence=16 if n_differing else None, margin=0.25 if n_differing else None,
    )  # fmt: skip
    said = sameness_words(lane, n_plain)
    assert words in said
    assert bool(words) == bool(said)
