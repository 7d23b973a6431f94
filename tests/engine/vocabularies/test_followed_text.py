"""A drafter's ids for the target's text, whatever the target writes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.vocabularies.followed_text import FollowedText
from engine.vocabularies.intersection import intersect
from engine.vocabularies.spelling import spelling_of
from tests import vocabularies


def followed(target: str, drafter: str) -> FollowedText:
    spelling, encoder = (
        spelling_of(vocabularies.tokenizer(target)),
        vocabularies.encoder(vocabularies.tokenizer(drafter)),
    )
    return FollowedText(spelling, encoder, intersect(spelling, encoder.spelling))


def text_of(text: FollowedText, drafter: str) -> bytes:
    spelling = spelling_of(vocabularies.tokenizer(drafter))
    return b"".join(spelling.of(token) for token in text.ids if spelling.is_text(token))


@pytest.mark.parametrize(
    ("target", "drafter"),
    [("byte_level", "space_sign"), ("space_sign", "other_merges"), ("other_merges", "prefixed")],
)
@given(words=st.text(max_size=40), cut=st.integers(1, 7))
@settings(max_examples=50)
def test_ids_spell_the_text_whenever_it_is_complete(target: str, drafter: str, words: str, cut: int) -> None:
    tokenizer = vocabularies.tokenizer(target)
    ids = tokenizer(words.encode("utf-8", "replace").decode(), add_special_tokens=False)["input_ids"]
    spelling, text = spelling_of(tokenizer), followed(target, drafter)
    for start in range(0, len(ids), cut):
        text.add(ids[start : start + cut], n_fixed=max(0, len(text.ids) - 3))
    expected = b"".join(spelling.of(token) for token in ids if spelling.is_text(token))
    if text.complete and all(map(spelling.is_text, ids)):
        extra = b" " if drafter == "prefixed" and not expected.startswith(b" ") and expected else b""
        assert text_of(text, drafter) == extra + expected
    assert text.n_followed == len(ids)


def test_a_word_that_comes_in_pieces_is_one_token_again_unless_its_ids_are_fixed() -> None:
    target, text = spelling_of(vocabularies.tokenizer("byte_level")), followed("byte_level", "other_merges")
    letters = [token for letter in b" harbour" for token in range(len(target)) if target.of(token) == bytes([letter])]
    for letter in letters:
        text.add([letter], n_fixed=0)
    whole = vocabularies.encoder(vocabularies.tokenizer("other_merges")).beginning(b" harbour")
    assert whole is not None
    assert text.ids == whole.ids
    text.reset()
    for letter in letters:
        text.add([letter], n_fixed=len(text.ids))
    assert len(text.ids) == len(letters)


def test_drafted_ids_are_taken_over_as_far_as_they_agree() -> None:
    text = followed("space_sign", "byte_level")
    encoder = vocabularies.encoder(vocabularies.tokenizer("byte_level"))
    target = vocabularies.encoder(vocabularies.tokenizer("space_sign"))
    before, after = target.inside(b"The boat"), target.inside(b" left the")
    drafted, other = encoder.inside(b" left t"), encoder.inside(b" xyz")
    assert before
    assert after
    assert drafted
    assert other
    text.add(before, n_fixed=0)
    n = len(text.ids)
    text.add(after, [*drafted, *other], n_fixed=n + len(drafted))
    assert text.ids[n : n + len(drafted)] == drafted
    assert text_of(text, "byte_level") == b"The boat left the"


def test_half_a_character_is_waited_for_or_written_as_bytes() -> None:
    target = spelling_of(vocabularies.tokenizer("byte_level"))
    ids = vocabularies.tokenizer("byte_level")("日", add_special_tokens=False)["input_ids"]
    assert len(ids) == 3
    text = followed("byte_level", "space_sign")
    text.add(ids[:2], n_fixed=0)
    assert text.complete
    assert text_of(text, "space_sign") == target.joined(ids[:2])
    text._encoder._bytes.clear()
    text.reset()
    text.add(ids[:2], n_fixed=0)
    assert not text.complete
    text.add(ids[2:], n_fixed=0)
    assert text.ids != []


def test_signs_are_shared_by_name_or_left_out() -> None:
    target = spelling_of(vocabularies.tokenizer("byte_level"))
    text = followed("byte_level", "space_sign")
    assert target.end is not None
    before = vocabularies.encoder(vocabularies.tokenizer("byte_level")).inside(b"a")
    assert before
    text.add([*before, target.end, *before, len(target) + 5, *before], n_fixed=0)
    drafter = vocabularies.tokenizer("space_sign")
    assert text.ids.count(drafter.eos_token_id) == 1
    assert text_of(text, "space_sign") == b"aaa"


def test_text_that_cannot_be_encoded_loses_its_characters_and_nothing_else() -> None:
    text = followed("byte_level", "space_sign")
    encoder = vocabularies.encoder(vocabularies.tokenizer("byte_level"))
    odd, rest = encoder.inside(b"<0x41>"), encoder.inside(b" boat")
    assert odd
    assert rest
    text.add(odd, n_fixed=0)
    text.add(rest, n_fixed=0)
    assert text.complete
    assert text_of(text, "space_sign").endswith(b" boat")
