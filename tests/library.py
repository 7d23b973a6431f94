"""Passages in memory where tests need no index on disk, and an index of them where they do."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.commands import Index
from engine.documents.embedding import Description, TextRole
from engine.events.answers import Passage, RetrievalKind
from engine.rag.library import RetrievedPassages
from engine.session.session import Session
from tests import encoders

TEXTS = (
    "Simtamar was admitted to the guild of Tabbamark. She is a clockmaker by trade.",
    "The feast of Helrise was in the year 1535.",
    "The birthplace of Simtamar is Simveden.",
    "The feast of Tordun was in 1488. It is a feast of lamps.",
    "Simveden lies on the river Dov, below the old bridge.",
    "The guild of Tabbamark was founded in 1402 by Ked.",
)
QUESTION = "When was the feast of Helrise?"


class FakeLibrary:
    """A library that finds its passages by the words they share with a question."""

    def __init__(self, texts: Sequence[str] = TEXTS, *, key: str = "shelf") -> None:
        self.key = self.uri = key
        self.n_chunks = len(texts)
        self.description = Description("fake", "fake", 16, 256, "", "", "cpu", "float32", 0)
        self.asked: list[str] = []
        self._texts = texts

    def retrieve(self, question: str, n: int, how: RetrievalKind) -> RetrievedPassages:
        """The n passages with the most words in common."""
        self.asked.append("retrieve")
        words = set(question.lower().split())
        order = sorted(range(len(self._texts)), key=lambda i: -len(words & set(self._texts[i].lower().split())))
        found = [Passage(f"p{i}", "here", f"passage {i}", 0, 1, self._texts[i], 1.0) for i in order[:n]]
        return RetrievedPassages(
            tuple(found), 1.0, "" if len(found) == n else f"n = {n}, but there are only {len(found)} passages"
        )

    def embed(self, texts: Sequence[str], role: TextRole) -> NDArray[np.float32]:
        """A unit vector a text, by its characters."""
        self.asked.append("embed")
        rows = [[text.count(letter) + 0.1 for letter in "abcdefghilmnorst"] for text in texts]
        vectors = np.array(rows, dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Those of the passages' texts."""
        self.asked.append("vectors")
        return self.embed([self._texts[int(name[1:])] for name in ids], "document")

    def background(self, n: int) -> NDArray[np.float32]:
        """All of them."""
        return self.embed(self._texts[:n], "document")


def index_of(texts: Sequence[str], folder: Path) -> str:
    """An index on disk, made with a tiny encoder; returns its folder."""
    documents = folder / "documents"
    documents.mkdir(parents=True)
    for i, text in enumerate(texts):
        (documents / f"{i}.txt").write_text(text, encoding="utf-8")
    uri = str(folder / "index")
    list(Session().do(Index([str(documents)], uri, embedder=str(encoders.save(folder / "encoder")), device="cpu")))
    return uri
