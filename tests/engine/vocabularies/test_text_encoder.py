"""Bytes in tokens, at the beginning of a text and inside one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.vocabularies.text_encoder import character_start, misread, n_unfinished
from tests import vocabularies


@pytest.mark.parametrize("kind", vocabularies.KINDS)
@given(text=st.one_of(st.binary(max_size=30), st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace"))))
@settings(max_examples=60)
def test_tokens_spell_exactly_the_bytes_or_there_are_none(kind: str, text: bytes) -> None:
    encoder = vocabularies.encoder(vocabularies.tokenizer(kind))
    inside, begun = encoder.inside(text), encoder.beginning(text)
    assert inside is None or encoder.spelling.joined(inside) == text
    assert begun is None or encoder.spelling.joined(begun.ids)[begun.n_extra :] == text


@pytest.mark.parametrize("kind", vocabularies.KINDS)
@pytest.mark.parametrize("text", ["boat", " boat", "  two", "é日🎉", "\n\n", " ", "<a> and more"])
def test_text_of_any_kind_can_be_encoded(kind: str, text: str) -> None:
    encoder = vocabularies.encoder(vocabularies.tokenizer(kind))
    assert encoder.inside(text.encode()) is not None
    assert encoder.beginning(text.encode()) is not None


def test_a_space_is_added_to_the_first_word_alone() -> None:
    encoder = vocabularies.encoder(vocabularies.tokenizer("prefixed"))
    begun, again = encoder.beginning(b"boat"), encoder.beginning(b" boat")
    assert begun is not None
    assert again is not None
    assert (begun.n_extra, again.n_extra) == (1, 0)
    assert begun.ids == again.ids


def test_text_that_looks_like_a_sign_stays_text() -> None:
    for kind in vocabularies.KINDS:
        words = vocabularies.tokenizer(kind)
        ids = vocabularies.encoder(words).inside(str(words.eos_token).encode())
        assert ids is None or words.eos_token_id not in ids


def test_a_tokenizer_that_loses_blanks_is_found_out() -> None:
    wrong = misread(vocabularies.encoder(vocabularies.blanks_lost()))
    assert wrong is not None
    assert (wrong.token_id, wrong.text) == (0, "boat harbour")
    assert all(misread(vocabularies.encoder(vocabularies.tokenizer(kind))) is None for kind in vocabularies.KINDS)


@pytest.mark.parametrize(
    ("text", "n"),
    [("日".encode()[:2], 2), ("日".encode(), 0), (b"a\xf0", 1), (b"a", 0), (b"\x80" * 5, 0), (b"", 0)],
)
def test_the_end_of_a_character_that_is_not_complete_is_counted(text: bytes, n: int) -> None:
    assert n_unfinished(text) == n


def test_the_start_of_a_character_is_found() -> None:
    text = "a日b".encode()
    assert [character_start(text, at) for at in range(len(text) + 1)] == [0, 1, 1, 1, 4, 5]
    assert character_start(text, 3, least=2) == 2
