from hypothesis import given
from hypothesis import strategies as st

from app.panels.stream.text import KeptText, Search, folded
from app.panels.stream.tokens import StreamToken


def _token(text, fate="accepted"):
    return StreamToken(text, text, fate)


def _kept(*texts):
    kept = KeptText()
    kept.append(map(_token, texts), 0)
    return kept


def _searched(kept, wanted):
    search = Search(kept, wanted)
    search.catch_up()
    return search


def test_ghosts_are_no_part_of_the_text_and_keep_their_indexes():
    kept = KeptText()
    kept.append([_token("one"), _token(" ghost", "rejected"), _token(" two")], 0)
    assert kept.text == "one two"
    assert kept.between(0, 1) == "one"
    assert kept.between(1, 1) == ""
    assert kept.between(1, 2) == " two"


def test_a_find_may_reach_over_tokens():
    search = _searched(_kept("lan", "", "tern", "s"), "NTER")
    (found,) = search.within(0, 3)
    assert (found.first, found.last, found.start, found.end) == (0, 2, 2, 6)


def test_finds_are_counted_without_overlap_and_go_on_as_the_text_grows():
    kept = _kept("aaa", "a")
    search = _searched(kept, "aa")
    assert list(search.starts) == [0, 2]
    kept.append([_token("b"), _token("Aa")], 2)
    search.catch_up()
    assert list(search.starts) == [0, 2, 5]
    assert [found.first for found in search.within(3, 3)] == [3]


def test_nothing_is_found_of_nothing():
    assert not _searched(_kept("abc"), "").starts
    assert not _searched(_kept(), "abc").starts


def test_the_nearest_find_is_at_or_after_a_token_and_else_the_first():
    search = _searched(_kept("it ", "was ", "it ", "was"), "it")
    assert [search.nearest(token) for token in range(4)] == [0, 1, 1, 0]


@given(st.text(max_size=40))
def test_folding_moves_no_character(text):
    assert len(folded(text)) == len(text)


def test_letters_that_fold_to_two_are_left_alone_and_others_match():
    assert [found.start for found in _searched(_kept("STRAßE", " straße"), "straße").within(0, 1)] == [0, 7]


@given(st.lists(st.text("abA ", max_size=3), max_size=30), st.text("ab ", min_size=1, max_size=3))
def test_searching_as_it_grows_finds_what_searching_at_the_end_finds(texts, wanted):
    kept = KeptText()
    growing = Search(kept, wanted)
    for index, text in enumerate(texts):
        kept.append([_token(text)], index)
        growing.catch_up()
    assert list(growing.starts) == list(_searched(kept, wanted).starts)
    for number in range(len(growing.starts)):
        found = growing.found(number)
        assert wanted in kept.between(found.first, found.last).lower()
