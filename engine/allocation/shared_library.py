"""A library that several cells ask the same: each question is retrieved for once, and each text embedded once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.documents.embedding import TextRole
from engine.events.answers import RetrievalKind
from engine.rag.library import Library, RetrievedPassages

# Of fused ranks only these are the beginning of a longer list: beyond, each length has ranks of its own.
_FUSED_ALIKE = 50


class SharedLibrary:
    """Wraps a library. most: passages that any cell asks for; fewer are the first of them."""

    def __init__(self, library: Library, most: int) -> None:
        self.key, self.uri, self.n_chunks = library.key, library.uri, library.n_chunks
        self.description = library.description
        self._library, self._most = library, most
        self._retrieved: dict[tuple[str, RetrievalKind, int], RetrievedPassages] = {}
        self._vectors: dict[tuple[str, TextRole], NDArray[np.float32]] = {}

    def retrieve(self, question: str, n: int, how: RetrievalKind) -> RetrievedPassages:
        """The n best passages for a question, with the time that the longest retrieval took."""
        depth = max(n, min(self._most, _FUSED_ALIKE)) if how == "hybrid" else max(n, self._most)
        key = question, how, depth
        if key not in self._retrieved:
            self._retrieved[key] = self._library.retrieve(question, depth, how)
        whole = self._retrieved[key]
        if len(whole.passages) >= n:
            return whole._replace(passages=whole.passages[:n], note="")
        return whole._replace(note=whole.note.replace(f"n = {depth}", f"n = {n}"))

    def embed(self, texts: Sequence[str], role: TextRole) -> NDArray[np.float32]:
        """Unit vectors of texts."""
        missing = [text for text in dict.fromkeys(texts) if (text, role) not in self._vectors]
        if missing:
            vectors = self._library.embed(missing, role)
            self._vectors |= {(text, role): vector for text, vector in zip(missing, vectors, strict=True)}
        return np.stack([self._vectors[text, role] for text in texts])

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of passages by their ids."""
        return self._library.vectors(ids)

    def background(self, n: int) -> NDArray[np.float32]:
        """Vectors of some passages."""
        return self._library.background(n)
