"""Citations: the passages that share a rationale's words, and those it names by number."""

from engine.methods.speculative_rag.citing import cited, content_words

PASSAGES = ("The feast of Helrise was in 1535.", "Bal sells salt in the market.", "Salt comes from the sea at Bal.")


def test_passage_with_the_words_is_cited() -> None:
    assert cited("The feast of Helrise was in the year 1535.", PASSAGES) == (0,)


def test_all_passages_with_half_of_the_words_are_cited() -> None:
    assert cited("Bal sells salt.", PASSAGES) == (1, 2)


def test_without_half_of_the_words_the_best_is_cited() -> None:
    assert cited("Someone bought fish, bread, wine and salt at the market there.", PASSAGES) == (1,)


def test_numbers_name_passages_and_those_that_are_none_are_left_out() -> None:
    assert cited("As [2] and [9] say.", PASSAGES) == (1,)


def test_rationale_that_shares_nothing_cites_nothing() -> None:
    assert cited("Nobody knows.", PASSAGES) == cited("", PASSAGES) == ()


def test_common_and_short_words_carry_no_content() -> None:
    assert content_words("The sun and 7 of us") == {"sun", "7"}
