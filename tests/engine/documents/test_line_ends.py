"""Words parted at the end of a line are words again."""

import pytest

from engine.documents.line_ends import joined_words


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("the light-\nhouse climbs", "the lighthouse climbs"),
        ("the Anglo-\nSaxon coast", "the Anglo-Saxon coast"),
        ("a well-kept boat, well-\nkept", "a well-kept boat, well-kept"),
        ("- item\n- other", "- item\n- other"),
        ("of 3-\n4 boats", "of 3-\n4 boats"),
        ("no line-end", "no line-end"),
    ],
)
def test_parted_words_are_joined(text: str, joined: str) -> None:
    assert joined_words(text) == joined
