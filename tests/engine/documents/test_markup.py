"""HTML as text: headings and paragraphs stay, scripts and styles go, and no page is too broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.documents import markup
from engine.documents.markup import Page, declared_encoding, read_page


def test_headings_and_paragraphs_stay_and_scripts_go() -> None:
    made = read_page(
        "<html><head><title>The &amp; title</title><style>p{color:red}</style></head><body><h1>First</h1>"
        "<p>One\n  two</p><script>if (a < b) alert('x')</script><ul><li>item<li>other</ul><h2>Second</h2>Three<br>four"
    )
    assert made == Page("The & title", "# First\n\nOne two\n\nitem\nother\n\n## Second\n\nThree\nfour")


def test_nested_and_self_closed_parts_that_are_left_out_end() -> None:
    assert read_page("<svg><svg>no</svg>no</svg>yes<svg/> too").text == "yes too"


def test_tables_keep_their_cells_apart() -> None:
    assert read_page("<table><tr><td>a<td>b</tr><tr><td>c</table>").text.split() == ["a", "b", "c"]


@pytest.mark.parametrize("head", ['<meta charset="koi8-r">', '<meta http-equiv=x content="text/html; charset=koi8-r">'])
def test_a_page_says_its_encoding(head: str) -> None:
    assert declared_encoding(head.encode()) == "koi8-r"


def test_markup_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "_LONGEST_S", -1.0)
    with pytest.raises(markup.Endless):
        read_page("<p>a")


@given(st.text(alphabet="<>/!-[]a =\"'&;#x1\n", max_size=200))
def test_no_markup_is_too_broken(text: str) -> None:
    try:
        assert isinstance(read_page(text).text, str)
    except (AssertionError, ValueError) as err:  # the parser's own, which the reader of files tells as a reason
        assert err.__traceback__ is not None
