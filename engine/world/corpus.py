"""Reads, writes and generates documents and questions as JSON Lines: the shipped corpus, or a user's own.

* imports neither Qt nor torch.

A documents file has one object per line: `id` and `text` are required, `title`, `year` (of a dated report) and `states`
(the facts in it, each [subject, relation, value]) are optional. In a questions file, `question` and `answer` are
required; `id`, `kind`, `rationale`, `gold` (ids of the fewest documents that answer it), `supporting` (ids of all that
state a fact it needs), `contradicting` (ids of older reports that say otherwise) and `steps` (sub-questions, each with
`question`, `answer` and `document`) are optional. Unknown fields are ignored."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeAlias, TypeVar, get_args

import msgspec

from engine.errors import InputError
from engine.world.census import World, world
from engine.world.documents import Archive, WorldDocument
from engine.world.long_text import LongForm, long_history
from engine.world.open_names import Kind, Split
from engine.world.pages import Form, history
from engine.world.questions import Question, questions

N_PAGES = 300
# What a corpus can consist of; the long forms are no documents to retrieve, but texts to read as a whole.
CorpusForm: TypeAlias = Form | LongForm
Record = TypeVar("Record", "DocumentRecord", "QuestionRecord")


class DocumentRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One document of a corpus."""

    id: str
    text: str
    title: str = ""
    year: int | None = None
    states: tuple[tuple[str, str, str], ...] = ()


class StepRecord(msgspec.Struct, frozen=True):
    """A sub-question, its answer, and the id of the document that states it."""

    question: str
    answer: str
    document: str = ""


class QuestionRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question over a corpus, with what is needed to judge an answer."""

    question: str
    answer: str
    id: str = ""
    kind: str = ""
    rationale: str = ""
    gold: tuple[str, ...] = ()
    supporting: tuple[str, ...] = ()
    contradicting: tuple[str, ...] = ()
    steps: tuple[StepRecord, ...] = ()


class Corpus(NamedTuple):
    """Documents and the questions over them."""

    documents: tuple[DocumentRecord, ...]
    questions: tuple[QuestionRecord, ...]


class CorpusSource(msgspec.Struct, frozen=True):
    """The settings that a generated corpus is made from."""

    seed: int
    split: Split
    sizes: dict[Kind, int]
    n_questions: int
    form: CorpusForm = "notes"


def corpus_form(name: str) -> CorpusForm:
    """The form of a corpus with this name. Raises InputError if there is none."""
    names = [*get_args(Form), *get_args(LongForm)]
    if name not in names:
        raise InputError(f"form = {name}: is not known", f"use {', '.join(names)}")
    form: CorpusForm = msgspec.convert(name, CorpusForm)
    return form


def shipped_source() -> CorpusSource:
    """The source of the corpus that comes with Draftscope."""
    text = files("assets").joinpath("world", "corpus.json").read_bytes()
    return msgspec.json.decode(text, type=CorpusSource)


def shipped(form: Form) -> Corpus:
    """The corpus that comes with Draftscope: all its notes, or the first of its pages and the questions they answer.

    Pages are as long as documents that people have, and few enough to be indexed while one waits."""
    whole = generate(msgspec.structs.replace(shipped_source(), form=form))
    if form != "pages":
        return whole
    documents = whole.documents[:N_PAGES]
    ids = {document.id for document in documents}
    return Corpus(documents, tuple(question for question in whole.questions if ids.issuperset(question.gold)))


def fresh_source(seed: int, *, share: float, n_questions: int, form: Form | None = None) -> CorpusSource:
    """The source of a corpus like the shipped one, with other names, a share of its size and perhaps another form."""
    shipped = shipped_source()
    sizes: dict[Kind, int] = {kind: max(1, int(size * share)) for kind, size in shipped.sizes.items()}
    return msgspec.structs.replace(shipped, seed=seed, sizes=sizes, n_questions=n_questions, form=form or shipped.form)


def generate(source: CorpusSource) -> Corpus:
    """Generate the corpus of a source; the same source gives the same corpus."""
    rng = Random(f"corpus/{source.seed}")
    archive = _archive(rng, world(rng, source.split, source.sizes), source.form)
    first_questions = islice(questions(archive, rng), source.n_questions)
    return of_archive(archive, first_questions)


def _archive(rng: Random, of: World, form: CorpusForm) -> Archive:
    match form:
        case "chronicles" | "dossiers":
            return long_history(rng, of, form)
        case _:
            return history(rng, of, form)


def of_archive(archive: Archive, archive_questions: Iterable[Question]) -> Corpus:
    """Convert an archive and questions over it into records."""
    documents = tuple(_document(document) for document in archive.documents)
    return Corpus(documents, tuple(_question(f"q{i}", question) for i, question in enumerate(archive_questions)))


def _document(document: WorldDocument) -> DocumentRecord:
    states = tuple((fact.subject.label, fact.relation.name, fact.value) for fact in document.states)
    return DocumentRecord(document.id, document.text, document.title, document.year, states)


def _question(name: str, question: Question) -> QuestionRecord:
    steps = tuple(StepRecord(*step) for step in question.steps)
    return QuestionRecord(
        question.text, question.answer, name, question.kind, question.rationale, question.gold, question.supporting,
        question.contradicting, steps,
    )  # fmt: skip


def write(path: Path, records: Iterable[DocumentRecord | QuestionRecord]) -> None:
    """Write records, one object per line."""
    path.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))


def read(documents: Path, questions_file: Path | None = None) -> Corpus:
    """Read a corpus, with or without questions.

    Raises InputError naming file, line and field for invalid JSON, a missing field or one of the wrong type, an empty
    text, a repeated id, and a question about a document that does not exist."""
    document_records = tuple(_records(documents, DocumentRecord))
    _refuse_repeated_ids(documents, [record.id for record in document_records])
    question_records = () if questions_file is None else tuple(_records(questions_file, QuestionRecord))
    if questions_file is not None:
        _refuse_unknown_documents(questions_file, question_records, {record.id for record in document_records})
    return Corpus(document_records, question_records)


def _records(path: Path, kind: type[Record]) -> Iterator[Record]:
    """Yield the records of a file, skipping blank lines."""
    n = 0
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe or a device might never end
        raise InputError(f"{path} is not a file", "name a file of JSON Lines")
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    n += 1
                    yield _record(path, number, line, kind)
    except OSError as err:
        raise InputError(f"{path} cannot be read ({err.strerror})", "name a file of JSON Lines") from err
    if not n:
        raise InputError(f"{path} is empty", "write one JSON object a line")


def _record(path: Path, number: int, line: bytes, kind: type[Record]) -> Record:
    where = f"{path.name}, line {number}"
    try:
        record = msgspec.json.decode(line.strip().removeprefix(b"\xef\xbb\xbf"), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        reason = str(err).replace("`", "").replace(" - at $.", " in field ").replace(" - at $", "")
        raise InputError(f"{where}: {reason}", "see the fields in engine/world/corpus.py") from err
    for field in ("id", "text") if isinstance(record, DocumentRecord) else ("question", "answer"):
        if not str(getattr(record, field)).strip():
            raise InputError(f"{where}: the field {field} is empty", "fill it in or leave the line out")
    return record


def _refuse_repeated_ids(path: Path, ids: list[str]) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise InputError(f"{path.name}: the id {name!r} stands twice", "give every document an id of its own")
        seen.add(name)


def _refuse_unknown_documents(path: Path, records: tuple[QuestionRecord, ...], ids: set[str]) -> None:
    for i, question in enumerate(records, 1):
        for field in ("gold", "supporting", "contradicting"):
            missing = [name for name in getattr(question, field) if name not in ids]
            if missing:
                reason = f"{path.name}, question {question.id or i}: {field} names {missing[0]!r}, which is no document"
                raise InputError(reason, "name documents of the same corpus")
