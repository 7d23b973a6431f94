"""Measures how often the built-in embedder finds the document that answers a question, in a fresh corpus."""

from collections.abc import Generator, Iterator, Sequence, Set
from typing import NamedTuple

import numpy as np

from engine.documents import embedding
from engine.documents.embedding import Embedded, Embedder, TextRole
from engine.documents.encoder_folder import BUILTIN
from engine.events import Progressed
from engine.world import corpus
from engine.world.corpus import QuestionRecord
from engine.world.pages import Form
from engine.world.questions import QUESTION_KINDS

NEAREST = 10
# Share of the shipped corpus: enough documents for mistakes, few enough to embed while the user waits.
_SHARE = 0.25


class RetrievalQuestion(NamedTuple):
    """A single-hop question, and the texts of the nearest documents, best first."""

    question: QuestionRecord
    documents: tuple[str, ...]


class Retrieval(NamedTuple):
    """Whether a document that states the answer to each single-hop question is among the nearest, of how many."""

    marks: tuple[bool, ...]
    n_documents: int
    asked: tuple[RetrievalQuestion, ...]
    form: Form


def measure(*, seed: int, n: int, form: Form = "notes") -> Iterator[Progressed | Retrieval]:
    """Yield progress, then the result for about n questions over the corpus of a seed, in a form.

    Raises ModelError where the built-in embedder is missing or a different one."""
    *_, embedder = embedding.load(BUILTIN)
    assert isinstance(embedder, Embedder)
    source = corpus.fresh_source(seed, share=_SHARE, n_questions=n * len(QUESTION_KINDS), form=form)
    fresh_corpus = corpus.generate(source)
    singles = [question for question in fresh_corpus.questions if question.kind == "single"]
    documents = yield from _embed(embedder, [document.text for document in fresh_corpus.documents], "document")
    queries = yield from _embed(embedder, [question.question for question in singles], "query")
    nearest = np.argsort(-(queries.vectors @ documents.vectors.T), axis=1, kind="stable")[:, :NEAREST]
    ids = [document.id for document in fresh_corpus.documents]
    marks = [
        is_answered(question, {ids[place] for place in row}) for question, row in zip(singles, nearest, strict=True)
    ]
    texts = [tuple(fresh_corpus.documents[place].text for place in row) for row in nearest]
    yield Retrieval(tuple(marks), len(ids), tuple(map(RetrievalQuestion, singles, texts)), form)


def is_answered(question: QuestionRecord, documents: Set[str]) -> bool:
    """Whether a single-hop question can be answered from documents: several may state its fact, `gold` is one drawn."""
    return not documents.isdisjoint((*question.gold, *question.supporting))


def _embed(embedder: Embedder, texts: Sequence[str], role: TextRole) -> Generator[Progressed, None, Embedded]:
    for item in embedder.embed(texts, role=role):
        if isinstance(item, Embedded):
            return item
        yield item
    raise AssertionError("an embedder ends with what it embedded")
