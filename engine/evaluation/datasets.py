"""Reads files of questions in the common layouts, each recognised by its fields.

* imports neither Qt nor torch.

One JSON object per line; the first line decides the layout:
- own: `question` and `answer` (a text or several; without one it is asked and not scored), optionally `id`, `kind`,
  `choices` (labels: then the answer is one of them), `documents` (texts, or objects with `text`, `title`, `id`), `gold`
  (names of the documents that are needed), `supporting` (names of all that state the same fact);
- TriviaQA: `answer` is an object with `value` and `aliases`; documents from `entity_pages` and `search_results`;
- PopQA: `possible_answers`, a list or a list as text;
- MuSiQue: `paragraphs` with `paragraph_text` and `is_supporting`; unanswerable questions are left out;
- PubHealth: `claim` and `label`; claims that are neither true nor false are left out;
- ARC-Challenge: `answerKey` and `choices`, next to `question` or in it.
Each may have `ctxs`, passages retrieved before (`title`, `text`), best first, as Self-RAG's files have."""

import codecs
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple, TypeAlias, get_args

import msgspec

from engine.documents.json_lines import why_not_json
from engine.documents.readers import Document
from engine.errors import InputError
from engine.evaluation.questions import TRUE_OR_FALSE, AnswerChoice, GoldQuestion
from engine.machine.file_kinds import refuse_irregular

Layout: TypeAlias = Literal["own", "triviaqa", "popqa", "musique", "pubhealth", "arc"]
Raw: TypeAlias = Mapping[str, object]
_TRUE, _FALSE = ("true", "supports", "2"), ("false", "refutes", "0")
# Lines without an end would fill the memory.
_MOST_BYTES = 2 << 30
_WAY_OUT = "write one JSON object a line, with a question and an answer"
_MOST_KINDS, _LONGEST_KIND = 20, 40


class Dataset(NamedTuple):
    """The questions of a file. n_left_out: those for which no answer is right, such as unproven claims; n_unanswered:
    those of the whole file that no answer is known of, asked or not."""

    layout: Layout
    asked: tuple[GoldQuestion, ...]
    n_left_out: int
    n_unanswered: int = 0


class _Bad(Exception):
    """A record does not fit its layout; the message says why."""


def read(path: Path, *, n: int, seed: int, kinds: Sequence[str] = (), answered: bool = False) -> Dataset:
    """Read a file and draw n questions by the seed, all if there are fewer, in their order; kinds: of these alone.

    answered: of those with a known answer alone, if there are any.

    Raises InputError naming file, line and field: not JSON, no known layout, nothing to ask, no such kind."""
    layout: Layout | None = None
    questions: list[GoldQuestion] = []
    n_left_out = 0
    for number, raw in _records(path):
        try:
            layout = layout or _layout(raw)
            question = _READERS[layout](raw)
        except _Bad as err:
            raise InputError(f"{path.name}, line {number}: {err}", _WAY_OUT) from err
        if question is None:
            n_left_out += 1
        else:
            questions.append(question if question.id else question._replace(id=f"line {number}"))
    if layout is None or not questions:
        why = f"none of its {n_left_out} questions has an answer" if n_left_out else "it is empty"
        raise InputError(f"{path} has nothing to ask: {why}", _WAY_OUT)
    _refuse_duplicates(path, questions)
    if kinds:
        questions = _of_kinds(path, questions, kinds)
    with_answers = [question for question in questions if question.answers]
    n_unanswered = len(questions) - len(with_answers)
    if answered and with_answers:
        questions = with_answers
    chosen = sorted(Random(f"questions/{seed}").sample(range(len(questions)), min(n, len(questions))))
    return Dataset(layout, tuple(questions[place] for place in chosen), n_left_out, n_unanswered)


def _of_kinds(path: Path, questions: Sequence[GoldQuestion], kinds: Sequence[str]) -> list[GoldQuestion]:
    known = dict.fromkeys(question.kind for question in questions)
    unknown = next((kind for kind in kinds if kind not in known), None)
    if unknown is not None:
        names = ", ".join(kind[:_LONGEST_KIND] for kind in list(known)[:_MOST_KINDS] if kind)
        raise InputError(
            f"kinds = {','.join(kinds)[:80]}: {path.name} has no {unknown[:_LONGEST_KIND]!r}",
            f"use {names}" if names else "leave it out: its questions have no kinds",
        )
    return [question for question in questions if question.kind in kinds]


def kinds_at_beginning(path: Path, most_bytes: int = 1 << 18) -> tuple[str, ...]:
    """The kinds of the questions at a file's beginning, in their order; none of what cannot be read."""
    try:
        refuse_unreadable(path)
        with path.open("rb") as file:
            lines = file.read(most_bytes).splitlines()
    except (InputError, OSError):
        return ()
    kinds: dict[str, None] = {}
    layout: Layout | None = None
    for line in filter(None, map(bytes.strip, lines)):
        try:
            raw = _object(line)
            layout = layout or _layout(raw)
            question = _READERS[layout](raw)
        except (_Bad, ValueError, RecursionError, msgspec.ValidationError):
            continue  # torn by the end of what is read; a damaged one is refused when it is asked
        if question is not None and question.kind:
            kinds.setdefault(question.kind)
    return tuple(kinds)


def refuse_unreadable(path: Path) -> None:
    """Raise InputError for what cannot be read as a file, before models are loaded for its questions."""
    refuse_irregular(path, _WAY_OUT, most_bytes=_MOST_BYTES)
    try:
        path.open("rb").close()
    except OSError as err:
        raise InputError(f"{path} cannot be read ({err.strerror})", "name a file of JSON Lines, or builtin") from err


def _records(path: Path) -> Iterator[tuple[int, Raw]]:
    refuse_unreadable(path)
    for number, line in enumerate(_lines(path), 1):
        if line.strip():
            yield number, _record(path, number, line.strip().removeprefix(codecs.BOM_UTF8))


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file in UTF-8, or in UTF-16 with its mark, as some shells of Windows write."""
    with path.open("rb") as file:
        is_wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        file.seek(0)
        if not is_wide:
            yield from file
            return
        with io.TextIOWrapper(file, "utf-16", "replace", newline="\n") as texts:
            yield from (line.encode() for line in texts)


def _record(path: Path, number: int, line: bytes) -> Raw:
    try:
        return _object(line)
    except msgspec.ValidationError as err:
        raise InputError(f"{path.name}, line {number}: is no object", _WAY_OUT) from err
    except (ValueError, RecursionError) as err:
        raise InputError(f"{path.name}, line {number}: is not JSON ({why_not_json(err)})", _WAY_OUT) from err


def _object(line: bytes) -> Raw:
    """The object of a line; exporters write NaN, which JSON does not have. Raises ValueError, RecursionError."""
    try:
        return msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        if not isinstance(value := json.loads(line), dict):
            raise
        return value


def _refuse_duplicates(path: Path, questions: Iterable[GoldQuestion]) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise InputError(
                f"{path.name}: the id {question.id!r} stands twice", "give every question an id of its own"
            )
        seen.add(question.id)


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
    if "question" in raw:
        return "own"
    fields = ", ".join(sorted(raw)) or "no fields"
    raise _Bad(f"is in no known layout (own, {', '.join(get_args(Layout)[1:])}): it has {fields}")


def _own(raw: Raw) -> GoldQuestion:
    labels = _texts(raw, "choices")
    documents = (*_documents(raw.get("documents"), "documents"), *_ctxs(raw))
    answers = tuple(filter(str.strip, _texts(raw, "answer") or _texts(raw, "answers")))
    is_claim = raw.get("kind") == "claim" and set(answers) <= {choice.label for choice in TRUE_OR_FALSE}
    choices = TRUE_OR_FALSE if is_claim and not labels else tuple(map(AnswerChoice, labels))
    if choices and not set(answers) <= {choice.label for choice in choices}:
        raise _Bad(f"the answer {answers[0] if answers else ''!r} is none of the choices")
    return _gold_question(
        raw, _text(raw, "question"), answers, choices, documents, kind=str(raw.get("kind") or ""), needs=_needs(raw),
        scored=bool(answers),
    )  # fmt: skip


def _needs(raw: Raw) -> tuple[tuple[str, ...], ...]:
    """Each gold document; if there is only one, any document that states the same is enough."""
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
    return _gold_question(raw, _text(raw, "question"), answers, (), _ctxs(raw) or pages)


def _popqa(raw: Raw) -> GoldQuestion:
    possible = raw["possible_answers"]
    if isinstance(possible, str):
        try:
            possible = msgspec.json.decode(possible, type=list[str])
        except msgspec.DecodeError as err:
            raise _Bad("the field possible_answers holds no list") from err
    answers = _texts({"possible_answers": possible}, "possible_answers")
    return _gold_question(raw, _text(raw, "question"), answers, (), _ctxs(raw), kind=str(raw.get("prop") or ""))


def _musique(raw: Raw) -> GoldQuestion | None:
    if raw.get("answerable") is False:
        return None
    paragraphs = _objects(raw["paragraphs"], "paragraphs")
    documents = [
        Document(
            "", str(paragraph.get("idx", place)), str(paragraph.get("title") or ""), _text(paragraph, "paragraph_text")
        )
        for place, paragraph in enumerate(paragraphs)
    ]
    needs = tuple(
        (d.name,) for d, paragraph in zip(documents, paragraphs, strict=True) if paragraph.get("is_supporting") is True
    )
    answers = (_text(raw, "answer"), *_texts(raw, "answer_aliases"))
    hops = str(raw.get("id") or "").partition("__")[0]
    return _gold_question(raw, _text(raw, "question"), answers, (), tuple(documents), kind=hops, needs=needs)


def _pubhealth(raw: Raw) -> GoldQuestion | None:
    label = str(raw["label"]).strip().casefold()
    if label not in _TRUE + _FALSE:
        return None
    answer = TRUE_OR_FALSE[0 if label in _TRUE else 1].label
    question = f"True or false: {_text(raw, 'claim')}"
    return _gold_question(raw, question, (answer,), TRUE_OR_FALSE, _ctxs(raw), kind="claim")


def _arc(raw: Raw) -> GoldQuestion:
    inner = raw.get("question")
    holder: Raw = inner if isinstance(inner, dict) else raw
    choices = _choices(holder.get("choices"))
    answer = _text(raw, "answerKey")
    if answer not in {choice.label for choice in choices}:
        raise _Bad(f"the answerKey {answer!r} is none of the choices")
    stem = _text(holder, "stem" if holder is inner else "question")
    question = " ".join([stem, *(f"{choice.label}: {choice.text}" for choice in choices)])
    return _gold_question(raw, question, (answer,), choices, _ctxs(raw))


def _choices(value: object) -> tuple[AnswerChoice, ...]:
    """Labels and texts, from a list of both or from two lists."""
    if isinstance(value, dict):
        labels, texts = _texts(value, "label"), _texts(value, "text")
        if labels and len(labels) == len(texts):
            return tuple(map(AnswerChoice, labels, texts))
        raise _Bad("the field choices has no label for each text")
    return tuple(AnswerChoice(_text(entry, "label"), _text(entry, "text")) for entry in _objects(value, "choices"))


_READERS: dict[Layout, Callable[[Raw], GoldQuestion | None]] = {
    "own": _own, "triviaqa": _triviaqa, "popqa": _popqa, "musique": _musique, "pubhealth": _pubhealth, "arc": _arc,
}  # fmt: skip


def _gold_question(
    raw: Raw,
    question: str,
    answers: tuple[str, ...],
    choices: tuple[AnswerChoice, ...],
    documents: tuple[Document, ...],
    *,
    kind: str = "",
    needs: tuple[tuple[str, ...], ...] = (),
    scored: bool = True,
) -> GoldQuestion:
    """scored: it must have an answer. Raises _Bad."""
    if scored and not any(answer.strip() for answer in answers):
        raise _Bad("there is no answer")
    question_id = next(
        (raw[field] for field in ("id", "question_id", "claim_id") if raw.get(field) not in (None, "")), ""
    )
    ranked = bool(documents) and "ctxs" in raw
    return GoldQuestion(
        str(question_id), kind, question, tuple(dict.fromkeys(answers)), choices, documents, ranked, needs
    )


def _text(raw: Raw, field: str) -> str:
    value = raw.get(field)
    if not isinstance(value, str) or not value.strip():
        raise _Bad(f"the field {field} is missing or no text")
    return value


def _texts(raw: Raw, field: str) -> tuple[str, ...]:
    """One text or several; none if the field is missing."""
    value = raw.get(field)
    texts = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise _Bad(f"the field {field} holds something else than texts")
    return tuple(texts)


def _objects(value: object, field: str) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _Bad(f"the field {field} is no list of objects")
    return value


def _ctxs(raw: Raw) -> tuple[Document, ...]:
    return _documents(raw.get("ctxs"), "ctxs")


def _documents(value: object, field: str) -> tuple[Document, ...]:
    """Documents from texts, or from objects with a text; blank ones are left out."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _Bad(f"the field {field} is no list")
    rows = _objects([{"text": entry} if isinstance(entry, str) else entry for entry in value], field)
    documents = [
        Document("", str(entry.get("id", place)), str(entry.get("title") or ""), str(entry.get("text") or ""))
        for place, entry in enumerate(rows)
    ]
    return tuple(document for document in documents if document.text.strip())


def _columns(value: object, text: str) -> tuple[Document, ...]:
    """Documents whose titles and texts are in two lists."""
    if not isinstance(value, dict):
        return ()
    titles, texts = _texts(value, "title"), _texts(value, text)
    documents = [
        Document("", f"{text} {place}", titles[place] if place < len(titles) else "", content)
        for place, content in enumerate(texts)
    ]
    return tuple(document for document in documents if document.text.strip())
