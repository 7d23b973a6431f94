"""Pieces of text never split a character and never fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from engine.decoding.detokenizer import Detokenizer, TokenTexts
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


@given(st.lists(st.integers(0, fakes.N_ENTRIES - 1), max_size=40))
def test_no_id_is_lost_whatever_a_model_makes_up(ids: list[int]) -> None:
    grown = Detokenizer(TEXTS)
    text = "".join([*map(grown.push, ids), grown.flush()])
    assert text.replace("\ufffd", "") == TEXTS.text(ids).replace("\ufffd", "")


def test_unfinished_character_is_held_back_and_flushed_with_a_mark() -> None:
    ids = WORDS.encode("漢", add_special_tokens=False)
    grown = Detokenizer(TEXTS)
    assert [grown.push(token) for token in ids] == ["", "", "漢"]
    assert [grown.push(token) for token in ids[:2]] == ["", ""]
    assert "\ufffd" in grown.flush()
    assert grown.flush() == ""


def test_bytes_that_never_become_a_character_are_not_held_for_ever() -> None:
    (stray, *_) = WORDS.encode("漢", add_special_tokens=False)
    grown = Detokenizer(TEXTS)
    pieces = [grown.push(stray) for _ in range(100)]
    assert sum(map(len, pieces)) >= 90


def test_text_goes_on_inside_a_character_that_the_ids_before_it_began() -> None:
    ids = WORDS.encode("the 漢", add_special_tokens=False)
    grown = Detokenizer(TEXTS, ids[:-1])
    assert grown.push(ids[-1]) == "漢"
    assert Detokenizer(TEXTS, ids).push(WORDS.encode(" the", add_special_tokens=False)[0]) == " the"


def test_leading_space_of_a_token_is_kept() -> None:
    (token,) = WORDS.encode(" the", add_special_tokens=False)
    assert TEXTS.piece(token) == " the"


@pytest.mark.parametrize("token", [fakes.N_ENTRIES, 10**9])
def test_id_without_an_entry_is_shown_in_brackets(token: int) -> None:
    assert TEXTS.piece(token) == f"⟨{token}⟩"
    assert TEXTS.text([token]) == f"⟨{token}⟩"


def test_part_of_a_character_is_not_shown_as_a_replacement_mark() -> None:
    ids = WORDS.encode("漢", add_special_tokens=False)
    assert len(ids) == 3
    assert all("\ufffd" not in TEXTS.piece(token) for token in ids)
    assert TEXTS.text(ids) == "漢"


def test_part_of_a_character_is_shown_as_hexadecimal_bytes() -> None:
    ids = WORDS.encode("a 漢", add_special_tokens=False)
    pieces = [TEXTS.piece(token) for token in ids]
    assert "".join(pieces).replace("⟩⟨", " ").endswith("⟨E6 BC A2⟩")
    assert not set("".join(pieces)) & set("Ġæ¼¢")


def test_single_bytes_of_a_vocabulary_of_text_are_shown_in_hexadecimal_too() -> None:
    entries = {"<unk>": 0, "▁a": 1, "a": 2, "<0xE6>": 3, "<0xBC>": 4, "<0xA2>": 5}
    backend = Tokenizer(models.BPE(entries, [], unk_token="<unk>", byte_fallback=True))
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    texts = TokenTexts(PreTrainedTokenizerFast(tokenizer_object=backend))
    assert [texts.piece(token) for token in (1, 3, 4, 5)] == [" a", "⟨E6⟩", "⟨BC⟩", "⟨A2⟩"]
    assert texts.text([3, 4, 5]) == "漢"
