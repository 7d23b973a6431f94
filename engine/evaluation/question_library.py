"""A library of the documents that come with a question, held in memory."""

import time
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from engine.documents.chunking import Tokens, chunks
from engine.documents.embedding import Embedder, TextRole
from engine.evaluation.questions import GoldQuestion
from engine.events.answers import Passage, RetrievalKind
from engine.rag.library import RetrievedPassages


class QuestionLibrary:
    """The passages of one question: in their order if they were ranked before, otherwise by their vectors."""

    def __init__(self, gold: GoldQuestion, tokens: Tokens, most: int, embedder: Embedder) -> None:
        """most: tokens of the target per passage."""
        chunks_by_id = {chunk.id: chunk for document in gold.documents for chunk in chunks(document, tokens, most)}
        self._chunks = tuple(chunks_by_id.values())
        self._texts = {chunk.id: chunk.text for chunk in self._chunks}
        self._ranked, self._embedder = gold.ranked, embedder
        self.uri = f"the documents of question {gold.id}"
        self.key = f"{self.uri}@{sha256(repr(list(chunks_by_id)).encode()).hexdigest()}"
        self.n_chunks = len(self._chunks)
        self.description = embedder.description

    def retrieve(self, question: str, n: int, how: RetrievalKind) -> RetrievedPassages:
        """The n best passages; `how` is ignored among so few."""
        started = time.perf_counter()
        order = range(self.n_chunks) if self._ranked else self._nearest(question)
        chosen = [self._chunks[place] for place in list(order)[:n]]
        passages = tuple(
            Passage(c.id, self.uri, c.title or c.name, c.start, c.end, c.text, 1 / (1 + rank), c.name)
            for rank, c in enumerate(chosen)
        )
        note = "" if len(passages) == n else f"n = {n}, but the question has only {self.n_chunks} passages"
        return RetrievedPassages(passages, 1e3 * (time.perf_counter() - started), note)

    def _nearest(self, question: str) -> list[int]:
        """Places of the passages, those of the nearest vectors first."""
        if not self._chunks:
            return []
        near = self.embed(list(self._texts.values()), "document") @ self.embed([question], "query")[0]
        return [int(place) for place in np.argsort(-near, kind="stable")]

    def embed(self, texts: Sequence[str], role: TextRole) -> NDArray[np.float32]:
        """Unit vectors of texts."""
        return self._embedder.embed_all(texts, role=role).vectors

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of passages by their ids."""
        return self.embed([self._texts[name] for name in ids], "document")

    def background(self, n: int) -> NDArray[np.float32]:
        """The vectors of the first passages."""
        return self.embed(list(self._texts.values())[:n], "document")
