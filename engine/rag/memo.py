"""Caches what earlier questions and settings computed, so that a change recomputes only what it affects.

The caches are bounded. Keys hold everything a value depends on, so that none is ever stale; values keep the times they
took when they were first computed."""

from collections import OrderedDict
from collections.abc import Hashable
from itertools import count
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.events.answers import Mapped, Partitioned
from engine.models.loading import LoadedModel
from engine.rag.library import RetrievedPassages
from engine.rag.values import RagDraft, Standard, VerifierScore, VerifierTest

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_MOST_QUESTIONS, _MOST_DRAFTS = 64, 1024


class LruCache(Generic[K, V]):
    """A bounded number of values; the least recently used one is dropped first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value of a key, None if it is not there."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Store a value, dropping the least recently used ones above the limit."""
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def clear(self) -> None:
        """Drop every value."""
        self._values.clear()

    def __len__(self) -> int:
        return len(self._values)


class Vectors(NamedTuple):
    """Vectors [n, D] and how long it took to make them."""

    vectors: NDArray[np.float32]
    ms: float


class EncodingCost(NamedTuple):
    """What encoding a passage with the question takes, and what the target takes to read a token, in milliseconds."""

    ms_per_passage: float
    read_ms_per_token: float


class Memo:
    """The caches of all steps from a question to its answer, and which models are warm."""

    def __init__(self) -> None:
        self.found: LruCache[tuple[Hashable, ...], RetrievedPassages] = LruCache(_MOST_QUESTIONS)
        self.vectors: LruCache[tuple[Hashable, ...], Vectors] = LruCache(_MOST_QUESTIONS)
        self.partitions: LruCache[tuple[Hashable, ...], Partitioned] = LruCache(_MOST_QUESTIONS)
        self.drafts: LruCache[tuple[Hashable, ...], RagDraft] = LruCache(_MOST_DRAFTS)
        self.scores: LruCache[tuple[Hashable, ...], VerifierScore] = LruCache(_MOST_DRAFTS)
        self.standard: LruCache[tuple[Hashable, ...], Standard] = LruCache(_MOST_DRAFTS)
        self.verifier_tests: LruCache[tuple[Hashable, ...], VerifierTest] = LruCache(_MOST_QUESTIONS)
        self.encoding_costs: LruCache[tuple[Hashable, ...], EncodingCost] = LruCache(_MOST_QUESTIONS)
        self.maps: LruCache[tuple[Hashable, ...], Mapped] = LruCache(_MOST_QUESTIONS)
        self.warm: set[Hashable] = set()
        self._serials = count(1)

    def next_serial(self) -> int:
        """Number a piece of work that several values come from."""
        return next(self._serials)

    def forget_models(self) -> None:
        """Drop what models computed, because other models may be loaded under their names."""
        for cache in (self.drafts, self.scores, self.standard, self.verifier_tests):
            cache.clear()
        self.warm.clear()


def model_key(model: LoadedModel) -> tuple[Hashable, ...]:
    """Identify a loaded model: keys are equal if models compute the same."""
    return model.spec, str(model.device), str(model.dtype), model.runtime, model.asked_template is not None
