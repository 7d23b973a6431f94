"""A library shared by cells: one retrieval and one embedding for all of them."""

from typing import cast

import numpy as np
import pytest

from engine.allocation.shared_library import SharedLibrary
from engine.events.answers import Passage, RetrievalKind
from engine.rag.library import Library, RetrievedPassages


class Counted:
    """A library of six passages that counts what it is asked for."""

    key, uri, n_chunks, description = "k", "u", 6, None

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.embedded: list[str] = []

    def retrieve(self, question: str, n: int, how: RetrievalKind) -> RetrievedPassages:
        self.asked.append(n)
        passages = tuple(Passage(f"p{i}", "s", "", 0, 1, "t", 1.0) for i in range(min(n, 6)))
        note = "" if n <= 6 else f"n = {n}, but the index has only 6 passages"
        return RetrievedPassages(passages, 1.0, note)

    def embed(self, texts: list[str], role: str) -> object:
        self.embedded += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


@pytest.mark.parametrize("how", ["dense", "hybrid"])
def test_fewer_passages_are_the_first_of_more(how: RetrievalKind) -> None:
    inner = Counted()
    shared = SharedLibrary(cast(Library, inner), most=5)
    assert [len(shared.retrieve("q", n, how).passages) for n in (1, 3, 5, 2)] == [1, 3, 5, 2]
    assert inner.asked == [5]
    assert shared.retrieve("another", 2, how).passages[0].id == "p0" and inner.asked == [5, 5]


def test_what_the_library_lacks_is_said_in_the_number_asked_for() -> None:
    shared = SharedLibrary(cast(Library, Counted()), most=9)
    assert shared.retrieve("q", 8, "dense").note == "n = 8, but the index has only 6 passages"
    assert shared.retrieve("q", 6, "dense").note == ""


def test_each_text_is_embedded_once() -> None:
    inner = Counted()
    shared = SharedLibrary(cast(Library, inner), most=5)
    assert shared.embed(["a", "bb"], "query").tolist() == [[1, 1], [2, 1]]
    assert shared.embed(["bb", "ccc", "bb"], "query").tolist() == [[2, 1], [3, 1], [2, 1]]
    assert inner.embedded == ["a", "bb", "ccc"]
