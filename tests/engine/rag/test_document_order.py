"""The order of retrieved documents: worst first, later ones behind, a demonstration's shared out among its queries."""

from hypothesis import given
from hypothesis import strategies as st

from engine.rag.document_order import not_known, shared_out, worst_first

RETRIEVALS = st.lists(st.lists(st.integers(0, 9), max_size=6, unique=True), max_size=4)


def test_best_document_stands_next_to_the_question() -> None:
    assert worst_first("abc") == ("c", "b", "a")


def test_later_retrieval_adds_only_what_the_context_lacks_in_its_order() -> None:
    assert not_known("ab", "cab d", str) == ("c", " ", "d")


def test_each_query_has_its_best_document_before_any_has_its_second() -> None:
    assert shared_out(["abc", "axy", "pq"], 4, str) == ("x", "b", "p", "a")
    assert shared_out(["abc", "xyz"], 3, str) == ("b", "x", "a")


@given(RETRIEVALS, st.integers(0, 12))
def test_shared_out_documents_are_distinct_and_the_more_the_better(retrievals: list[list[int]], k: int) -> None:
    shown = shared_out(retrievals, k, int)
    assert len(set(shown)) == len(shown) == min(k, len({place for ranked in retrievals for place in ranked}))
    assert shared_out(retrievals, k + 1, int)[-len(shown) :] == shown or not shown
