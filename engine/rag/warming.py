"""First calls of models, which allocate and compile: done before anything is timed, once a model."""

from collections.abc import Iterable

from engine.models import LoadedModel
from engine.rag.drafting import model_key
from engine.rag.memo import Memo
from engine.rag.reading import Branch, read

_N_READ = 48


def warm(models: Iterable[LoadedModel], memo: Memo) -> None:
    """Have each model read a few ids, unless it has before."""
    for model in models:
        if model_key(model) not in memo.warm:
            ids = tuple(i % model.n_vocabulary for i in range(min(_N_READ, model.context - 2)))
            read(model, ids, [Branch(ids[:1])], lambda: None)
            memo.warm.add(model_key(model))
