"""Orders retrieved documents as the prompts of DRAG and IterDRAG show them, when they are asked and when they are
learned.

* imports neither Qt nor torch.

Source: arXiv:2410.04343, section 3.2: worst first, so that the best stands next to the question."""

from collections.abc import Callable, Hashable, Sequence
from itertools import zip_longest
from typing import TypeVar

T = TypeVar("T")


def worst_first(best_first: Sequence[T]) -> tuple[T, ...]:
    """The documents of a retrieval in the order of a prompt."""
    return tuple(reversed(best_first))


def not_known(context: Sequence[T], retrieved: Sequence[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """What a later retrieval adds behind the documents of a context: those that it lacks, in their order."""
    known = {key(document) for document in context}
    return tuple(document for document in retrieved if key(document) not in known)


def shared_out(retrievals: Sequence[Sequence[T]], k: int, key: Callable[[T], Hashable]) -> tuple[T, ...]:
    """The k documents of a demonstration, worst first, of several retrievals, each best first: the best one retrieved
    for each query, then the second ones, and so on."""
    documents: dict[Hashable, T] = {}
    for rank in zip_longest(*retrievals):
        for document in rank:
            if document is not None:
                documents.setdefault(key(document), document)
    return worst_first(list(documents.values())[:k])
