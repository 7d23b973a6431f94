"""When a drafter may work on the target's ids."""

import copy

from engine.vocabularies.likeness import Difference, Vocabulary, difference, vocabulary_of
from tests import vocabularies


def test_added_tokens_at_the_end_of_either_do_not_count() -> None:
    words = vocabularies.tokenizer("byte_level")
    chat = copy.deepcopy(words)
    chat.add_special_tokens({"additional_special_tokens": [vocabularies.CHAT]})
    assert difference(vocabulary_of(words), vocabulary_of(chat)) is None
    assert difference(vocabulary_of(chat), vocabulary_of(words)) is None


def test_words_that_only_one_has_do_count() -> None:
    few, many = Vocabulary({0: "a", 1: "b"}, frozenset()), Vocabulary({0: "a", 1: "b", 2: "ab"}, frozenset())
    assert difference(few, many) == Difference(2, None, "ab")


def test_the_same_id_with_another_sign_counts() -> None:
    one, other = Vocabulary({0: "a", 1: "<x>"}, frozenset({1})), Vocabulary({0: "a", 1: "<y>"}, frozenset({1}))
    assert difference(one, other) == Difference(1, "<x>", "<y>")
