"""First calls of models and of k-means, which allocate, compile and import: done once, before anything is timed."""

from collections.abc import Iterable

import numpy as np

from engine.documents.partition import partition
from engine.models.loading import LoadedModel
from engine.rag.memo import Memo, model_key
from engine.rag.reading import Branch, read

_N_READ, _CLUSTERING = 48, "k-means"


def warm(models: Iterable[LoadedModel], memo: Memo) -> None:
    """Have each model read a few ids, unless it has before."""
    for model in models:
        if model_key(model) not in memo.warm:
            ids = tuple(i % model.n_vocabulary for i in range(min(_N_READ, model.context - 2)))
            read(model, ids, [Branch(ids[:1])], lambda: None)
            memo.warm.add(model_key(model))


def warm_clustering(memo: Memo) -> None:
    """Cluster a few points, unless that was done before: the library is imported when it is first asked."""
    if _CLUSTERING not in memo.warm:
        partition(np.eye(3, dtype=np.float32), k=2, m=1)
        memo.warm.add(_CLUSTERING)
