"""The title of a Markdown text is what it says, never a comment in code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.documents.titles import markdown_title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\n# written by a tool\ntitle: Harbour handbook\ntags: [a]\n---\n\n# First chapter\n", "Harbour handbook"),
        ('+++\ntitle = "Harbour"\n+++\n# First', "Harbour"),
        ("---\ntags: [a]\n...\n# First #", "First"),
        ("---\n\n# After a rule", "After a rule"),
        ("Do this:\n\n```bash\n# update the list first\n```\n\n# Installing\n", "Installing"),
        ("~~~\n# a\n```\n# b\n~~~\n## Real", "Real"),
        ("Do this:\n\n    # a comment in code\n\n# Installing\n", "Installing"),
        ("#harbour #ferry\n\n# Timetable\n", "Timetable"),
        ("Harbour handbook\n================\n\n## Second\n", "Harbour handbook"),
        ("Text\n\n---\n\nmore", ""),
        ("```\n# never closed", ""),
        ("", ""),
    ],
)
def test_the_title_is_found(text: str, title: str) -> None:
    assert markdown_title(text) == title


@given(st.text(alphabet="#-=~`+ \ntitle:a\t>", max_size=120))
def test_no_text_is_too_strange(text: str) -> None:
    assert "\n" not in markdown_title(text)
