"""Defines questions with known answers, and decides whether an answer is right.

* imports neither Qt nor torch.

Right means what the paper counts (arXiv:2407.08223, section 4.1): an answer to an open question contains a gold string;
an answer to a closed one is exactly the right label. Exact match and F1 are those of extractive question answering."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.documents.readers import Document
from engine.rag.matching import plain, same_words, words

_FIRST_WORD = re.compile(r"\W*(\w+)(?:\s*([^\w\s])|\s*$)?")


class AnswerChoice(NamedTuple):
    """A choice of a closed question. text: what the label stands for, empty if the label speaks for itself."""

    label: str
    text: str = ""


TRUE_OR_FALSE = (AnswerChoice("True"), AnswerChoice("False"))


class GoldQuestion(NamedTuple):
    """A question with known answers. answers: any of them is right, without any it is asked and not scored; choices:
    empty if the question is open.

    documents: those that come with it; ranked: they are in order, best first. needs: for each fact that an answer
    needs, the names of the documents that state it; empty if that is unknown."""

    id: str
    kind: str
    question: str
    answers: tuple[str, ...]
    choices: tuple[AnswerChoice, ...] = ()
    documents: tuple[Document, ...] = ()
    ranked: bool = False
    needs: tuple[tuple[str, ...], ...] = ()


def is_right(answer: str | None, gold: GoldQuestion) -> bool:
    """Whether an answer counts as right; no answer does not."""
    if not answer:
        return False
    if not gold.choices:
        return _contains(answer, gold.answers)
    return _label(answer, gold.choices) in gold.answers


def exact_match(answer: str | None, gold: GoldQuestion) -> bool:
    """Whether an answer is one of the known ones, apart from case, punctuation and articles."""
    return any(same_words(answer, known) for known in gold.answers)


def f1(answer: str | None, gold: GoldQuestion) -> float:
    """The harmonic mean of precision and recall over the words of an answer, against the nearest known one."""
    return max((_f1(words(answer or ""), words(known)) for known in gold.answers), default=0.0)


def _f1(own: Sequence[str], known: Sequence[str]) -> float:
    n_common = sum((Counter(own) & Counter(known)).values())
    return 2 * n_common / (len(own) + len(known)) if n_common else 0.0


def is_evidence(names: Iterable[str], texts: Iterable[str], gold: GoldQuestion) -> bool | None:
    """Whether documents of these names and texts have what an answer needs; None if that is unknown.

    If no gold documents are known, an open question needs a document that contains its answer."""
    if gold.needs:
        available = set(names)
        return all(not available.isdisjoint(need) for need in gold.needs)
    return None if gold.choices or not gold.answers else any(_contains(text, gold.answers) for text in texts)


def _contains(text: str, answers: Sequence[str]) -> bool:
    own = plain(text)
    return any(string in own for string in map(plain, answers) if string)


def _label(answer: str, choices: Sequence[AnswerChoice]) -> str:
    """The label that an answer chooses, empty if none: a word may start the answer, a letter must stand alone."""
    own = plain(answer)
    match = _FIRST_WORD.match(own)
    for choice in choices:
        alone = match is not None and (len(choice.label) > 1 or bool(match[2]) or match.end() == len(own))
        if match is not None and alone and match[1] == plain(choice.label):
            return choice.label
    return next((choice.label for choice in choices if choice.text and own.rstrip(".") == plain(choice.text)), "")
