"""Page numbers in words."""

import pytest

from engine.documents.file_text import named_pages


@pytest.mark.parametrize(
    ("numbers", "words"), [([3], "page 3"), ([2, 5, 6, 7], "pages 2, 5–7"), ([1, 2, 9], "pages 1–2, 9")]
)
def test_runs_of_pages_are_joined(numbers: list[int], words: str) -> None:
    assert named_pages(numbers) == words
