"""What earlier questions and settings already worked out, so that a change re-runs only what it changes; bounded.

Keys hold everything a value depends on, so that none is ever stale; values keep the times they took when first made."""

from collections import OrderedDict
from collections.abc import Hashable
from itertools import count
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.events.answers import Mapped, Partitioned
from engine.models.loading import LoadedModel
from engine.rag.library import RetrievedPassages
from engine.rag.values import RagDraft, Standard, VerifierScore

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_MOST_QUESTIONS, _MOST_DRAFTS = 64, 1024


class LruCache(Generic[K, V]):
    """A bounded number of values; the one not asked for the longest is forgotten first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value of a key, if it is still there."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep a value."""
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def clear(self) -> None:
        """Forget every value."""
        self._values.clear()

    def __len__(self) -> int:
        return len(self._values)


class Vectors(NamedTuple):
    """Vectors [n, D] and how long it took to make them."""

    vectors: NDArray[np.float32]
    ms: float


class Memo:
    """All that is kept of questions and of what models made of them; which models are warm."""

    def __init__(self) -> None:
        self.found: LruCache[tuple[Hashable, ...], RetrievedPassages] = LruCache(_MOST_QUESTIONS)
        self.vectors: LruCache[tuple[Hashable, ...], Vectors] = LruCache(_MOST_QUESTIONS)
        self.partitions: LruCache[tuple[Hashable, ...], Partitioned] = LruCache(_MOST_QUESTIONS)
        self.drafts: LruCache[tuple[Hashable, ...], RagDraft] = LruCache(_MOST_DRAFTS)
        self.scores: LruCache[tuple[Hashable, ...], VerifierScore] = LruCache(_MOST_DRAFTS)
        self.standard: LruCache[tuple[Hashable, ...], Standard] = LruCache(_MOST_DRAFTS)
        self.maps: LruCache[tuple[Hashable, ...], Mapped] = LruCache(_MOST_QUESTIONS)
        self.warm: set[Hashable] = set()
        self._serials = count(1)

    def next_serial(self) -> int:
        """A number for a piece of work that several values come from."""
        return next(self._serials)

    def forget_models(self) -> None:
        """Drop what models made: others may be loaded under their names."""
        for history in (self.drafts, self.scores, self.standard):
            history.clear()
        self.warm.clear()


def model_key(model: LoadedModel) -> tuple[Hashable, ...]:
    """Equal where a model in memory computes the same."""
    return model.spec, str(model.device), str(model.dtype), model.runtime
