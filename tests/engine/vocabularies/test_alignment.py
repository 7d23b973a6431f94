"""A drafted text in the target's tokens."""

import pytest

from engine.vocabularies.alignment import aligned
from tests import vocabularies


@pytest.mark.parametrize("kind", vocabularies.KINDS)
def test_tokens_cover_the_drafted_text_from_its_beginning(kind: str) -> None:
    encoder = vocabularies.encoder(vocabularies.tokenizer(kind))
    before, drafted = b"The harbour master", b" counted the lanterns"
    ids = encoder.inside(before)
    assert ids is not None
    tokens = aligned(encoder, before, encoder.spelling.ends_of(ids), drafted)
    assert encoder.spelling.joined([token.id for token in tokens]) == drafted
    assert [token.end for token in tokens[:-1]] == [token.start for token in tokens[1:]]
    assert (tokens[0].start, tokens[-1].end) == (0, len(drafted))


def test_nothing_is_proposed_where_a_token_would_reach_across() -> None:
    encoder = vocabularies.encoder(vocabularies.tokenizer("other_merges"))
    spelling = encoder.spelling
    token = max((i for i in range(len(spelling)) if spelling.is_text(i)), key=lambda i: len(spelling.of(i)))
    word = spelling.of(token)
    assert aligned(encoder, word[:2], [1, 2], word[2:]) == []


def test_an_unfinished_character_is_left_for_later() -> None:
    encoder = vocabularies.encoder(vocabularies.tokenizer("byte_level"))
    half = "日".encode()[:2]
    tokens = aligned(encoder, b"a", [1], b" b" + half)
    assert encoder.spelling.joined([token.id for token in tokens]) == b" b"
    assert aligned(encoder, half, [1, 2], "日".encode()[2:]) != []
    assert aligned(encoder, b"", [], half) == []
