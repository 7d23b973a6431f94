"""Files of questions in the layouts that are in use, each known by its fields; asks nobody.

* imports neither Qt nor torch.

A JSON object a line, the layout that of the first line:
- own: `question` and `answer` (a text or several), and perhaps `id`, `kind`, `choices` (labels: then the answer is one
  of them), `documents` (texts, or objects with `text`, `title`, `id`), `gold` (names of the documents that are needed),
  `supporting` (names of all that state the same);
- TriviaQA: `answer` is an object with `value` and `aliases`; documents from `entity_pages` and `search_results`;
- PopQA: `possible_answers`, a list or the same as text;
- MuSiQue: `paragraphs` with `paragraph_text` and `is_supporting`; unanswerable questions are left out;
- PubHealth: `claim` and `label`; claims that are neither true nor false are left out;
- ARC-Challenge: `answerKey` and `choices`, beside `question` or in it.
Each may have `ctxs`, passages retrieved before (`title`, `text`), best first, as Self-RAG's files have."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, TypeAlias, get_args

import msgspec

from engine.documents.readers import Document
from engine.errors import InputError
from engine.evaluation.questions import TRUE_OR_FALSE, AnswerChoice, GoldQuestion

Layout: TypeAlias = Literal["own", "triviaqa", "popqa", "musique", "pubhealth", "arc"]
Raw: TypeAlias = Mapping[str, object]
_TRUE, _FALSE = ("true", "supports", "2"), ("false", "refutes", "0")
_WAY_OUT = "see the layouts in engine/evaluation/datasets.py"


class Dataset(NamedTuple):
    """The questions of a file. n_left_out: those that no answer can be told right for, such as unproven claims."""

    layout: Layout
    asked: tuple[GoldQuestion, ...]
    n_left_out: int


class _Bad(Exception):
    """A record lacks what its layout has, in words."""


def read(path: Path, *, n: int, seed: int) -> Dataset:
    """Read a file and draw n questions by the seed, all where there are fewer, in their order.

    Raises InputError naming file, line and field: not JSON, no known layout, nothing to ask."""
    layout: Layout | None = None
    found: list[GoldQuestion] = []
    n_left_out = 0
    for number, raw in _records(path):
        try:
            layout = layout or _layout(raw)
            asked = _READERS[layout](raw)
        except _Bad as err:
            raise InputError(f"{path.name}, line {number}: {err}", _WAY_OUT) from err
        if asked is None:
            n_left_out += 1
        else:
            found.append(asked if asked.id else asked._replace(id=f"line {number}"))
    if layout is None or not found:
        why = f"none of its {n_left_out} questions has an answer" if n_left_out else "it is empty"
        raise InputError(f"{path} has nothing to ask: {why}", _WAY_OUT)
    _refuse_twice(path, found)
    chosen = sorted(Random(f"questions/{seed}").sample(range(len(found)), min(n, len(found))))
    return Dataset(layout, tuple(found[place] for place in chosen), n_left_out)


def _records(path: Path) -> Iterator[tuple[int, Raw]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _record(path, number, line.strip().removeprefix(b"\xef\xbb\xbf"))
    except OSError as err:
        raise InputError(f"{path} cannot be read ({err.strerror})", "name a file of JSON Lines, or builtin") from err


def _record(path: Path, number: int, line: bytes) -> Raw:
    try:
        return msgspec.json.decode(line, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        reason = str(err).replace("`", "")
        raise InputError(f"{path.name}, line {number}: {reason}", "write one JSON object a line") from err


def _refuse_twice(path: Path, found: Iterable[GoldQuestion]) -> None:
    seen: set[str] = set()
    for asked in found:
        if asked.id in seen:
            raise InputError(f"{path.name}: the id {asked.id!r} stands twice", "give every question an id of its own")
        seen.add(asked.id)


def _layout(raw: Raw) -> Layout:
    """The layout of a record by its fields."""
    if "paragraphs" in raw:
        return "musique"
    if "answerKey" in raw:
        return "arc"
    if "claim" in raw and "label" in raw:
        return "pubhealth"
    if isinstance(raw.get("answer"), dict):
        return "triviaqa"
    if "possible_answers" in raw:
        return "popqa"
    if "question" in raw and ("answer" in raw or "answers" in raw):
        return "own"
    fields = ", ".join(sorted(raw)) or "no fields"
    raise _Bad(f"is in no known layout (own, {', '.join(get_args(Layout)[1:])}): it has {fields}")


def _own(raw: Raw) -> GoldQuestion:
    labels = _texts(raw, "choices")
    carried = (*_documents(raw.get("documents"), "documents"), *_ctxs(raw))
    answers = _texts(raw, "answer") or _texts(raw, "answers")
    claimed = raw.get("kind") == "claim" and set(answers) <= {choice.label for choice in TRUE_OR_FALSE}
    choices = TRUE_OR_FALSE if claimed and not labels else tuple(map(AnswerChoice, labels))
    if choices and not set(answers) <= {choice.label for choice in choices}:
        raise _Bad(f"the answer {answers[0] if answers else ''!r} is none of the choices")
    return _asked(
        raw, _text(raw, "question"), answers, choices, carried, kind=str(raw.get("kind") or ""), needs=_needs(raw)
    )


def _needs(raw: Raw) -> tuple[tuple[str, ...], ...]:
    """Each gold document; where there is only one, any of those that state the same will do."""
    gold, supporting = _texts(raw, "gold"), _texts(raw, "supporting")
    if len(gold) == 1:
        return (tuple(dict.fromkeys((*gold, *supporting))),)
    return tuple((name,) for name in gold)


def _triviaqa(raw: Raw) -> GoldQuestion:
    answer = raw["answer"]
    if not isinstance(answer, dict):
        raise _Bad("the field answer is no object, as it was before")
    answers = (_text(answer, "value"), *_texts(answer, "aliases"))
    pages = _columns(raw.get("entity_pages"), "wiki_context") + _columns(raw.get("search_results"), "search_context")
    return _asked(raw, _text(raw, "question"), answers, (), _ctxs(raw) or pages)


def _popqa(raw: Raw) -> GoldQuestion:
    found = raw["possible_answers"]
    if isinstance(found, str):
        try:
            found = msgspec.json.decode(found, type=list[str])
        except msgspec.DecodeError as err:
            raise _Bad("the field possible_answers holds no list") from err
    answers = _texts({"possible_answers": found}, "possible_answers")
    return _asked(raw, _text(raw, "question"), answers, (), _ctxs(raw), kind=str(raw.get("prop") or ""))


def _musique(raw: Raw) -> GoldQuestion | None:
    if raw.get("answerable") is False:
        return None
    found = _objects(raw["paragraphs"], "paragraphs")
    documents = [
        Document("", str(one.get("idx", place)), str(one.get("title") or ""), _text(one, "paragraph_text"))
        for place, one in enumerate(found)
    ]
    needs = tuple((d.name,) for d, one in zip(documents, found, strict=True) if one.get("is_supporting") is True)
    answers = (_text(raw, "answer"), *_texts(raw, "answer_aliases"))
    hops = str(raw.get("id") or "").partition("__")[0]
    return _asked(raw, _text(raw, "question"), answers, (), tuple(documents), kind=hops, needs=needs)


def _pubhealth(raw: Raw) -> GoldQuestion | None:
    label = str(raw["label"]).strip().casefold()
    if label not in _TRUE + _FALSE:
        return None
    answer = TRUE_OR_FALSE[0 if label in _TRUE else 1].label
    question = f"True or false: {_text(raw, 'claim')}"
    return _asked(raw, question, (answer,), TRUE_OR_FALSE, _ctxs(raw), kind="claim")


def _arc(raw: Raw) -> GoldQuestion:
    inner = raw.get("question")
    asked: Raw = inner if isinstance(inner, dict) else raw
    choices = _choices(asked.get("choices"))
    answer = _text(raw, "answerKey")
    if answer not in {choice.label for choice in choices}:
        raise _Bad(f"the answerKey {answer!r} is none of the choices")
    stem = _text(asked, "stem" if asked is inner else "question")
    question = " ".join([stem, *(f"{choice.label}: {choice.text}" for choice in choices)])
    return _asked(raw, question, (answer,), choices, _ctxs(raw))


def _choices(found: object) -> tuple[AnswerChoice, ...]:
    """Labels and texts, as a list of both or as two lists."""
    if isinstance(found, dict):
        labels, texts = _texts(found, "label"), _texts(found, "text")
        if labels and len(labels) == len(texts):
            return tuple(map(AnswerChoice, labels, texts))
        raise _Bad("the field choices has no label for each text")
    return tuple(AnswerChoice(_text(one, "label"), _text(one, "text")) for one in _objects(found, "choices"))


_READERS: dict[Layout, Callable[[Raw], GoldQuestion | None]] = {
    "own": _own, "triviaqa": _triviaqa, "popqa": _popqa, "musique": _musique, "pubhealth": _pubhealth, "arc": _arc,
}  # fmt: skip


def _asked(
    raw: Raw,
    question: str,
    answers: tuple[str, ...],
    choices: tuple[AnswerChoice, ...],
    documents: tuple[Document, ...],
    *,
    kind: str = "",
    needs: tuple[tuple[str, ...], ...] = (),
) -> GoldQuestion:
    if not any(answer.strip() for answer in answers):
        raise _Bad("there is no answer")
    named = next((raw[field] for field in ("id", "question_id", "claim_id") if raw.get(field) not in (None, "")), "")
    ranked = bool(documents) and "ctxs" in raw
    return GoldQuestion(str(named), kind, question, tuple(dict.fromkeys(answers)), choices, documents, ranked, needs)


def _text(raw: Raw, field: str) -> str:
    found = raw.get(field)
    if not isinstance(found, str) or not found.strip():
        raise _Bad(f"the field {field} is missing or no text")
    return found


def _texts(raw: Raw, field: str) -> tuple[str, ...]:
    """One text or several; none where the field is missing."""
    found = raw.get(field)
    several = [] if found is None else found if isinstance(found, list) else [found]
    if not all(isinstance(one, str) for one in several):
        raise _Bad(f"the field {field} holds something else than texts")
    return tuple(several)


def _objects(found: object, field: str) -> list[dict[str, object]]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _Bad(f"the field {field} is no list of objects")
    return found


def _ctxs(raw: Raw) -> tuple[Document, ...]:
    return _documents(raw.get("ctxs"), "ctxs")


def _documents(found: object, field: str) -> tuple[Document, ...]:
    """Texts or objects with one; those without any word are left out."""
    if found is None:
        return ()
    if not isinstance(found, list):
        raise _Bad(f"the field {field} is no list")
    rows = _objects([{"text": one} if isinstance(one, str) else one for one in found], field)
    made = [
        Document("", str(one.get("id", place)), str(one.get("title") or ""), str(one.get("text") or ""))
        for place, one in enumerate(rows)
    ]
    return tuple(document for document in made if document.text.strip())


def _columns(found: object, text: str) -> tuple[Document, ...]:
    """Documents of which titles and texts stand in two lists."""
    if not isinstance(found, dict):
        return ()
    titles, texts = _texts(found, "title"), _texts(found, text)
    made = [
        Document("", f"{text} {place}", titles[place] if place < len(titles) else "", one)
        for place, one in enumerate(texts)
    ]
    return tuple(document for document in made if document.text.strip())
