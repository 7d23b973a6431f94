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


def test_preformatted_lines_stay_lines() -> None:
    page = "<p>Run  it:</p><pre>\nif low():\n    wait()\n\nelse:\n    go()</pre><p>Done.</p>"
    assert read_page(page).text == "Run it:\n\nif low():\n    wait()\n\nelse:\n    go()\n\nDone."


@pytest.mark.parametrize(
    "opened",
    [
        "<svg><path d='M0'>", "<math><mi>", "<noscript>", "<template>", "<iframe src=x>", "<script>var x = 1",
        "<style>",
        "<title>T", "<!-- note", "<object data=a>", "<a href='x>", "<textarea>", "<![CDATA[", "<select><option>", "<",
        "</",
        "<svg><p>", "<pre>", "<video>", '<img alt="', "<div", "<noscript>a<p>b</noscript><noscript>",
    ],
)  # fmt: skip
def test_what_is_never_closed_swallows_nothing(opened: str) -> None:
    assert "The ferry leaves at six." in read_page(f"<p>Before.</p>{opened}<p>The ferry leaves at six.</p></body>").text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<object><p>shown without it</p></object>", "shown without it"),
        ("har&shy;bour mas\u00adter", "harbour master"),
        ("<a title='x > y'>1 < 2 & 3 &lt; 4 &#8364;</a>", "1 < 2 & 3 < 4 €"),
        ("<!--><p>a</p>--><!-- b -->c", "a\n\n-->c"),
        ("<SCRIPT>a</Script>b<style>c</style >d", "bd"),
        ("<title/><p>a", "a"),
        ("a<wbr>b", "ab"),
    ],
)
def test_marks_are_read_as_browsers_do(page: str, text: str) -> None:
    assert read_page(page).text == text


@pytest.mark.parametrize(
    "piece",
    [
        "<!--", "<!", "<?", "</", "<", "<a b='", '<a b="', "<a b=\"'", "<![CDATA[", "<script>", "<svg>", "<title>",
        "<b id=1><p>", "<noscript><p>", "&", "<a ", "<pre>", "<svg></svg>",
    ],
)  # fmt: skip
def test_time_grows_with_the_length_of_a_page_alone(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in characters that are looked through, not in seconds."""
    n_searched = 0

    class Counted(str):
        def find(self, mark: str, start: int = 0) -> int:  # type: ignore[override]
            nonlocal n_searched
            place = super().find(mark, start)
            n_searched += (len(self) if place < 0 else place) - start + 1
            return place

    reader = markup._Reader(piece * 2_000)
    reader._markup = reader._ends._markup = Counted(reader._markup)
    reader.read()
    assert n_searched < 12 * len(reader._markup)


@given(st.text(alphabet="<>/!-[]a =\"'&;#x1\nsvgpre", max_size=200))
def test_no_markup_is_too_broken(text: str) -> None:
    assert isinstance(read_page(text).text, str)
