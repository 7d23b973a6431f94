"""The texts that lengths are measured on: cut where it was asked for, and said."""

from pathlib import Path

import pytest

from engine.documents import page_range
from engine.errors import InputError
from engine.measuring import long_text
from engine.measuring.long_text import LongTexts
from engine.models.prompt_encoding import encode_inside
from tests import fakes, papers

WORDS = fakes.tokenizer()


def texts_of(source: str, **values: object) -> LongTexts:
    asked: dict[str, object] = {"pages": "", "part": "start", "n_texts": 1, "longest": 40, **values}
    return long_text.read(source, WORDS, **asked)  # type: ignore[arg-type]


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(" ".join(f"The harbour of number {i} was quiet." for i in range(60)), encoding="utf-8")
    return path


def test_a_longer_text_is_read_from_its_start_or_to_its_end_and_the_rest_is_named(story: Path) -> None:
    ids = encode_inside(WORDS, story.read_text("utf-8"))
    first, last = texts_of(str(story)), texts_of(str(story), part="end")
    assert first.prompt(0, 40) == ids[:40]
    assert first.prompt(0, 10) == ids[:10]
    assert last.prompt(0, 40) == ids[-40:]
    assert last.prompt(0, 10) == ids[-10:]
    assert (first.first, first.last) == (0, 40)
    assert (last.first, last.last) == (len(ids) - 40, len(ids))
    assert f"{len(ids):,} tokens: 40 are read from its start" in first.cut
    assert "to its end" in last.cut


def test_a_text_that_is_read_whole_leaves_nothing_out(story: Path) -> None:
    whole = texts_of(str(story), longest=5000)
    assert whole.longest == whole.n_tokens == len(encode_inside(WORDS, story.read_text("utf-8")))
    assert whole.cut == ""


def test_several_texts_come_from_different_places(story: Path) -> None:
    ids = encode_inside(WORDS, story.read_text("utf-8"))
    made = texts_of(str(story), n_texts=3, longest=20)
    assert made.prompt(0, 20) == ids[:20]
    assert made.prompt(2, 20) == ids[-20:]
    assert "in 3 places" in made.cut
    with pytest.raises(InputError, match=rf"3 texts of 4,000 tokens: story.txt has {len(ids):,}"):
        texts_of(str(story), n_texts=3, longest=4000)


def test_a_huge_text_is_tokenized_in_part_and_counted_as_an_estimate(
    story: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_text, "_MOST_CHARACTERS", 200)
    monkeypatch.setattr(long_text, "_CHARACTERS_A_TOKEN", 5)
    ids = encode_inside(WORDS, story.read_text("utf-8"))
    made = texts_of(str(story))
    assert made.prompt(0, 40) == ids[:40]
    assert made.is_estimated and "about" in made.cut
    assert abs(made.n_tokens - len(ids)) < 0.2 * len(ids)


def test_signs_that_begin_a_text_stand_before_each_part(story: Path) -> None:
    made = texts_of(str(story), part="end")._replace(begin=(7,))
    assert made.prompt(0, 10) == (7, *made.texts[0][-9:])


@pytest.mark.parametrize("source", page_range.BUILTIN_TEXTS)
def test_builtin_texts_are_as_long_as_asked_for(source: str) -> None:
    made = texts_of(source, n_texts=2, longest=700)
    assert [len(each) for each in made.texts] == [700, 700]
    assert made.texts[0] != made.texts[1]
    assert made.cut == ""
    with pytest.raises(InputError, match="no pages"):
        texts_of("builtin", pages="1-2")


def test_pages_of_a_pdf_are_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(papers.pdf("The first page.", "The second page.", "The third page."))
    assert long_text.read_file(str(path), "2-3").text.split() == ["The", "second", "page.", "The", "third", "page."]
    assert long_text.read_file(str(path), "2").text == "The second page."
    assert long_text.read_file(str(path), "2-").pages == "2–3"
    with pytest.raises(InputError, match=r"pages 2-9: paper\.pdf has 3 pages"):
        long_text.read_file(str(path), "2-9")


@pytest.mark.parametrize("pages", ["", "2-3"])
def test_pages_begin_at_their_own_tokens(tmp_path: Path, pages: str) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(papers.pdf("The first page.", "The second page.", "The third page."))
    whole = texts_of(str(path), pages=pages, longest=5000)
    first_words = [WORDS.decode(whole.texts[0][start.token :]).split()[1] for start in whole.pages_from]
    assert first_words == ["first", "second", "third"][3 - len(whole.pages_from) :]
    assert [start.number for start in whole.pages_from] == ([2, 3] if pages else [1, 2, 3])
    assert texts_of(str(path), pages="2").pages_from == ()


def test_pages_of_a_huge_text_are_estimated_where_it_is_not_tokenized(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "paper.pdf"
    path.write_bytes(papers.pdf(*(f"This is the page of the number {i}." for i in range(9))))
    exact = texts_of(str(path)).pages_from
    monkeypatch.setattr(long_text, "_MOST_CHARACTERS", 120)
    monkeypatch.setattr(long_text, "_CHARACTERS_A_TOKEN", 1)
    for part in ("start", "end"):
        made = texts_of(str(path), part=part, longest=20)
        assert made.is_estimated and len(made.pages_from) == 9
        assert all(abs(a.token - b.token) <= 8 for a, b in zip(made.pages_from, exact, strict=True))


def test_files_without_pages_or_text_are_refused(story: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("  \n")
    with pytest.raises(InputError, match="has no pages"):
        long_text.read_file(str(story), "1-2")
    with pytest.raises(InputError, match="holds no text"):
        long_text.read_file(str(tmp_path / "empty.txt"), "")
