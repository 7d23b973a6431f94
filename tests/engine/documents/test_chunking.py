"""Documents in passages: nothing lost, nothing too long, cut at sentences where it can be."""

import sys
from itertools import islice, pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerBase

from engine.documents import chunking
from engine.documents.chunking import ChunkSpan, chunks, packed, sentences, text_hash
from engine.documents.readers import Document, PlaceMark
from engine.documents.target_tokens import TargetTokens
from engine.training.tokenizer import train_tokenizer
from engine.world.story import stories
from tests.papers import WordTokens

TEXT = "The gull left. Did it? Yes!\n\nA new part begins here and goes on\nover two lines. End"
LETTERS = st.one_of(st.sampled_from("ab .!?\n-#。é\u05d0\u200f\U0001f600"), st.characters())


def document(text: str, marks: tuple[PlaceMark, ...] = (), *, apart: bool = False) -> Document:
    return Document("a.txt", "", "a", text, marks, apart)


def texts(text: str, most: int) -> list[str]:
    return [chunk.text for chunk in chunks(document(text), WordTokens(), most)]


@pytest.fixture(scope="module")
def bytewise() -> PreTrainedTokenizerBase:
    return train_tokenizer(islice(stories(0), 20), n_entries=320)


def test_sentences_end_at_marks_empty_lines_and_before_items() -> None:
    text = "One. Two (it said.) Three\n\nFour\n- five\n# six\n\n七。八"
    found = [text[span.start : span.end].strip() for span in sentences(text, ChunkSpan(0, len(text)))]
    assert found == ["One.", "Two (it said.)", "Three", "Four", "- five", "# six", "七。", "八"]


@pytest.mark.parametrize(
    "text",
    [
        "बंदरगाह की रखवाली ओरला करती है। वह हर शाम दीपक जलाती है। नाव सुबह छह बजे आती है। ",
        "ኦርላ የወደብ ጠባቂ ናት። ሁልጊዜ ማታ መብራት ታበራለች። ",
        "သူမသည် မီးပြတိုက်ကို စောင့်ကြပ်သည်။ ညနေတိုင်း မီးထွန်းသည်။ ",
        "Օրլան նավահանգստի պահապանն է։ Նա վառում է լույսը։ ",
        "اورلا بندرگاہ کی نگران ہے۔ وہ ہر شام چراغ جلاتی ہے۔ ",
        "ព្រះចន្ទ រះ ហើយ។ ទូក មក ដល់។ ",
        "Ποιος ανάβει το φως; Η Όρλα ανάβει το φως. ",
        "ผู้ดูแล จุดไฟ ทุกเย็น เรือมา หกโมง ",
    ],
)
def test_sentences_end_in_every_script(text: str) -> None:
    assert not any(chunk.cut for chunk in chunks(document(text * 12), WordTokens(), 16))


def test_every_sign_that_unicode_names_ends_a_sentence() -> None:
    signs = [chr(i) for i in range(sys.maxunicode) if regex.fullmatch(r"\p{Sentence_Break=STerm}", chr(i))]
    text = "".join(f"a{sign} b" for sign in signs)
    assert len(list(sentences(text, ChunkSpan(0, len(text))))) == len(signs) + 1 > 150


def test_whole_sentences_share_a_passage_up_to_its_size() -> None:
    assert texts(TEXT, 6) == [
        "The gull left. Did it? Yes!", "A new part begins here and", "goes on\nover two lines. End",
    ]  # fmt: skip
    assert texts(TEXT, 100) == [TEXT]


def test_a_passage_knows_its_place_and_whether_it_is_cut() -> None:
    found = list(chunks(document(TEXT), WordTokens(), 6))
    assert [chunk.cut for chunk in found] == [False, True, True]
    assert all(TEXT[chunk.start : chunk.end] == chunk.text for chunk in found)
    assert [chunk.id for chunk in found] == [f"{text_hash(TEXT)[:16]}:{i}" for i in range(3)]


def test_pages_are_named_and_rows_stay_apart() -> None:
    marks = (PlaceMark(0, "row 1"), PlaceMark(6, "row 2"))
    joined, apart = document("a b.\n\nc d.", marks), document("a b.\n\nc d.", marks, apart=True)
    assert [(chunk.place, chunk.text) for chunk in chunks(joined, WordTokens(), 9)] == [("row 1", "a b.\n\nc d.")]
    assert [(chunk.place, chunk.text) for chunk in chunks(apart, WordTokens(), 9)] == [
        ("row 1", "a b."), ("row 2", "c d."),
    ]  # fmt: skip


def test_a_word_that_alone_is_too_long_is_cut_inside(bytewise: PreTrainedTokenizerBase) -> None:
    word = "Ω" * 40
    found = list(chunks(document(word), TargetTokens(bytewise), 8))
    assert "".join(chunk.text for chunk in found) == word
    assert all(chunk.cut and chunk.n_tokens <= 8 for chunk in found)


def test_an_endless_sentence_is_cut_before_it_is_tokenized() -> None:
    text = "word " * 10_000
    spans = list(sentences(text, ChunkSpan(0, len(text))))
    assert max(span.end - span.start for span in spans) <= 8_000
    assert all(span.cut for span in spans)
    assert sum(len(found.split()) for found in texts(text, 50)) == 10_000


def test_dots_without_end_take_no_time_to_speak_of() -> None:
    text = "." * 300_000 + "\n" * 300_000
    assert sum(span.end - span.start for span in sentences(text, ChunkSpan(0, len(text)))) == len(text)


@settings(max_examples=150)
@given(st.text(alphabet=LETTERS, max_size=300), st.integers(1, 40))
def test_every_character_but_blanks_is_in_exactly_one_passage(text: str, most: int) -> None:
    spans = list(packed(text, ChunkSpan(0, len(text)), WordTokens(), most))
    assert all(a.end <= b.start for a, b in pairwise(spans))
    kept = set().union(*(range(span.start, span.end) for span in spans))
    assert all(place in kept or character.isspace() for place, character in enumerate(text))
    assert all(len(text[span.start : span.end].split()) <= most for span in spans)


@settings(max_examples=60)
@given(text=st.text(alphabet="abé .\nΩ\U0001f600-", max_size=200), most=st.integers(4, 24))
def test_no_passage_of_a_bytewise_tokenizer_is_too_long(
    bytewise: PreTrainedTokenizerBase, text: str, most: int
) -> None:
    found = list(chunks(document(text), TargetTokens(bytewise), most))
    assert "".join("".join(chunk.text.split()) for chunk in found) == "".join(text.split())
    assert all(chunk.n_tokens <= most for chunk in found)
    assert all(len(bytewise(chunk.text, add_special_tokens=False)["input_ids"]) <= most + 1 for chunk in found)


def test_hashes_tell_texts_apart() -> None:
    assert chunking.text_hash("a") != chunking.text_hash("b")
    assert chunking.text_hash("\ud800") == chunking.text_hash("\ud800")
