"""Warms up models and k-means before anything is timed: their first calls allocate, compile and import."""

from collections.abc import Iterable

import numpy as np

from engine.documents.partition import partition
from engine.models.loading import LoadedModel
from engine.rag.memo import Memo, model_key
from engine.rag.reading import Branch, read

_N_READ, _CLUSTERING = 48, "k-means"


def warm(models: Iterable[LoadedModel], memo: Memo) -> None:
    """Have each model that is not warm yet read a few ids."""
    for model in models:
        if model_key(model) not in memo.warm:
            ids = tuple(i % model.n_vocabulary for i in range(min(_N_READ, model.context - 2)))
            read(model, ids, [Branch(ids[:1])], lambda: None)
            memo.warm.add(model_key(model))


def warm_clustering(memo: Memo) -> None:
    """Cluster a few points, unless that was done before: the first call imports the library."""
    if _CLUSTERING not in memo.warm:
        partition(np.eye(3, dtype=np.float32), k=2, m=1)
        memo.warm.add(_CLUSTERING)
