"""Pieces of text never split a character and never fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import Detokenizer, TokenTexts
from tests import fakes

WORDS = fakes.tokenizer()
TEXTS = TokenTexts(WORDS)


@given(st.text(max_size=60))
def test_incremental_pieces_join_to_the_whole_text(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode("utf-8")
    ids = WORDS(clean)["input_ids"]
    grown = Detokenizer(TEXTS)
    pieces = [grown.push(token) for token in ids]
    assert "".join(pieces) == TEXTS.text(ids)
    assert all("\ufffd" not in piece for piece in pieces) or "\ufffd" in clean


def test_leading_space_of_a_token_is_kept() -> None:
    (token,) = WORDS.encode(" the", add_special_tokens=False)
    assert TEXTS.piece(token) == " the"


@pytest.mark.parametrize("token", [fakes.N_ENTRIES, 10**9])
def test_id_without_an_entry_is_shown_in_brackets(token: int) -> None:
    assert TEXTS.piece(token) == f"⟨{token}⟩"
    assert TEXTS.text([token]) == f"⟨{token}⟩"


def test_part_of_a_character_is_shown_as_its_entry_not_as_a_replacement_mark() -> None:
    ids = WORDS.encode("漢", add_special_tokens=False)
    assert len(ids) == 3
    assert all("\ufffd" not in TEXTS.piece(token) for token in ids)
    assert TEXTS.text(ids) == "漢"
