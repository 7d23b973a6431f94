"""Several numbers in one line: any usual separator, k for 1,024, and what is no number is named."""

import pytest

from app.words.number_lists import numbers_in


@pytest.mark.parametrize("text", ["0, 1, 5", "0 1 5", " 0;1；5, ", "0،1、5"])
def test_any_usual_separator_does(text: str) -> None:
    assert [number for _, number in numbers_in(text)] == [0, 1, 5]


def test_k_is_1024_and_what_is_no_number_is_named() -> None:
    words = dict(numbers_in("4k -1 ten 99999999999 ²"))
    assert words == {"4k": 4096, "-1": None, "ten": None, "99999999999": None, "²": None}
