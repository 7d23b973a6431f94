"""Pieces of text never split a character and never fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
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


SENTENCES = (
    "the keeper of the lighthouse", "'s dusk . It's 5 o'clock, isn't it ?", "boats , come home , slowly",
    "the keeper  's lamp, don't! ( wakes )", "the é 漢 lamp",
)  # fmt: skip
_METASPACE = pre_tokenizers.Metaspace(prepend_scheme="first")
_LLAMA = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]


def _sentencepiece(decoder: decoders.Decoder) -> PreTrainedTokenizerFast:
    """A blank before the first word, bytes for what it lacks, and a decoder that takes the first blank away."""
    backend = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    backend.pre_tokenizer = _METASPACE
    signs = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    letters = [chr(letter) for letter in range(0x21, 0x7F)]
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=signs, initial_alphabet=["▁", *letters], show_progress=False
    )
    backend.train_from_iterator(SENTENCES[:3], trainer)
    backend.decoder = decoder
    return PreTrainedTokenizerFast(tokenizer_object=backend)


def _wordpiece(*, cleanup: bool) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.Whitespace(), decoders.WordPiece(cleanup=cleanup)
    trainer = trainers.WordPieceTrainer(vocab_size=90, special_tokens=["[UNK]"], show_progress=False)
    backend.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, clean_up_tokenization_spaces=cleanup)


KINDS = {
    "bytes": lambda: WORDS,
    "sentencepiece": lambda: _sentencepiece(decoders.Sequence(_LLAMA)),
    "metaspace": lambda: _sentencepiece(decoders.Metaspace(prepend_scheme="first")),
    "wordpiece": lambda: _wordpiece(cleanup=False),
    "wordpiece that cleans up": lambda: _wordpiece(cleanup=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_prompt_and_pieces_together_are_the_text_of_all_ids_for_every_kind_of_tokenizer(kind: str) -> None:
    words = KINDS[kind]()
    texts = TokenTexts(words)
    for sentence in SENTENCES:
        ids = words.encode(sentence, add_special_tokens=False)
        for cut in range(1, len(ids)):
            before = texts.text(ids[:cut])
            if "\ufffd" in before:
                continue  # within a character
            grown = Detokenizer(texts, ids[:cut])
            assert before + "".join([*map(grown.push, ids[cut:]), grown.flush()]) == texts.text(ids)
