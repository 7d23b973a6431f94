"""Questions with known answers, and whether an answer is right; knows neither files nor models.

* imports neither Qt nor torch.

Right is what the paper counts (arXiv:2407.08223, section 4.1): an answer to an open question that contains a gold
string, and exactly the right label where there are labels to choose from."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.documents.readers import Document
from engine.prompts import one_line

_FIRST_WORD = re.compile(r"\W*(\w+)(?:\s*([^\w\s])|\s*$)?")


class AnswerChoice(NamedTuple):
    """What a closed question lets choose from. text: what the label stands for, empty where it speaks for itself."""

    label: str
    text: str = ""


TRUE_OR_FALSE = (AnswerChoice("True"), AnswerChoice("False"))


class GoldQuestion(NamedTuple):
    """A question with known answers. answers: any of them is right; choices: empty where the question is open.

    documents: that come with it; ranked: best first. needs: for each fact that an answer needs, the names of the
    documents that state it; empty where that is not known."""

    id: str
    kind: str
    question: str
    answers: tuple[str, ...]
    choices: tuple[AnswerChoice, ...] = ()
    documents: tuple[Document, ...] = ()
    ranked: bool = False
    needs: tuple[tuple[str, ...], ...] = ()


def is_right(answer: str, asked: GoldQuestion) -> bool:
    """Whether an answer counts as right."""
    if not asked.choices:
        return _contains(answer, asked.answers)
    return _label(answer, asked.choices) in asked.answers


def is_evidence(names: Iterable[str], texts: Iterable[str], asked: GoldQuestion) -> bool | None:
    """Whether documents of these names and texts have what an answer needs; None where that cannot be told.

    Where no gold documents are known, an open question needs one that has its answer."""
    if asked.needs:
        known = set(names)
        return all(not known.isdisjoint(need) for need in asked.needs)
    return None if asked.choices else any(_contains(text, asked.answers) for text in texts)


def _contains(text: str, answers: Sequence[str]) -> bool:
    plain = _plain(text)
    return any(gold in plain for gold in map(_plain, answers) if gold)


def _label(answer: str, choices: Sequence[AnswerChoice]) -> str:
    """The label an answer chooses, empty where it chooses none: a word may begin it, a letter must stand alone."""
    plain = _plain(answer)
    found = _FIRST_WORD.match(plain)
    for choice in choices:
        alone = found is not None and (len(choice.label) > 1 or bool(found[2]) or found.end() == len(plain))
        if found is not None and alone and found[1] == _plain(choice.label):
            return choice.label
    return next((choice.label for choice in choices if choice.text and plain.rstrip(".") == _plain(choice.text)), "")


def _plain(text: str) -> str:
    """Without differences of case, blanks and forms of letters."""
    return one_line(unicodedata.normalize("NFKC", text).casefold())
