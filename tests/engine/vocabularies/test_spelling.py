"""What tokens spell, whichever way a tokenizer writes its entries."""

import pytest
from transformers import PreTrainedTokenizerFast

from engine.vocabularies.spelling import SPECIAL, byte_alphabet, spelling_of, style_of
from tests import vocabularies

TEXT = "The harbour master  counted\n\tlanterns, one by one: é 日本 🎉"


@pytest.mark.parametrize("kind", vocabularies.KINDS)
def test_tokens_of_a_text_spell_its_bytes(kind: str) -> None:
    words = vocabularies.tokenizer(kind)
    spelling = spelling_of(words)
    ids = words(TEXT, add_special_tokens=False)["input_ids"]
    assert spelling.joined(ids) == (b" " if kind == "prefixed" else b"") + TEXT.encode()
    assert spelling.ends_of(ids)[-1] == len(spelling.joined(ids))


def test_style_is_read_from_the_decoder_or_from_the_entries() -> None:
    assert [style_of(vocabularies.tokenizer(kind)) for kind in vocabularies.KINDS] == [
        "byte_level", "byte_level", "space_sign", "space_sign",
    ]  # fmt: skip
    bare = PreTrainedTokenizerFast(tokenizer_object=vocabularies.tokenizer("byte_level").backend_tokenizer)
    bare.backend_tokenizer.decoder = None
    assert style_of(bare) == "byte_level"


def test_the_byte_alphabet_has_every_byte_once() -> None:
    assert sorted(byte_alphabet().values()) == list(range(256))
    assert byte_alphabet()[ord("Ġ")] == 32


def test_signs_spell_no_text_and_ends_are_signs() -> None:
    words = vocabularies.tokenizer("byte_level")
    spelling = spelling_of(words, stop_ids=[5])
    assert spelling.ends == {words.eos_token_id, 5}
    assert spelling.end == words.eos_token_id
    assert spelling.kinds[5] == SPECIAL
    assert not spelling.is_text(5)
    assert spelling.is_special(5)
    assert not spelling.is_text(-1)
    assert not spelling.is_text(len(spelling))


def test_a_model_that_knows_fewer_ids_has_fewer_entries() -> None:
    spelling = spelling_of(vocabularies.tokenizer("space_sign"))
    first = spelling.first(10)
    assert len(first) == 10
    assert [first.of(token) for token in range(10)] == [spelling.of(token) for token in range(10)]
    assert spelling.first(10**6) is spelling


def test_spelling_is_compact() -> None:
    spelling = spelling_of(vocabularies.tokenizer("other_merges"))
    assert len(spelling.text) + spelling.starts.nbytes + spelling.kinds.nbytes < 32 * len(spelling)
