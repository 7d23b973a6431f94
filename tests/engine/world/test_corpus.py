"""Corpora as JSON Lines: what is written is read again, and what is wrong is named by line and field."""

import json
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from engine.cli import main
from engine.errors import InputError
from engine.world import corpus
from engine.world.census import worlds
from engine.world.corpus import Corpus, DocumentRecord, QuestionRecord
from engine.world.documents import archive
from engine.world.open_names import split_of
from engine.world.questions import QUESTION_KINDS, questions


def made() -> Corpus:
    history = archive(Random(1), next(worlds(1, "test")))
    return corpus.of_archive(history, islice(questions(history, Random(2)), 25))


def test_corpus_written_is_the_corpus_read(tmp_path: Path) -> None:
    whole = made()
    corpus.write(tmp_path / "documents.jsonl", whole.documents)
    corpus.write(tmp_path / "questions.jsonl", whole.questions)
    assert corpus.read(tmp_path / "documents.jsonl", tmp_path / "questions.jsonl") == whole


def test_shipped_corpus_is_large_the_same_every_time_and_of_the_test_split() -> None:
    first, again = (corpus.generate(corpus.shipped_source()) for _ in range(2))
    assert first == again
    assert len(first.documents) >= 5000 and len(first.questions) >= 1000
    labels = {subject.split()[-1] for document in first.documents for subject, _, _ in document.states}
    assert all(split_of(label) == "test" for label in labels if label != "engine")


def test_own_documents_need_an_id_and_a_text_only(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"id": "a", "text": "Salt is salty."}\n\n{"id": "b", "text": "Grüße", "author": "me"}\n')
    assert corpus.read(file).documents == (DocumentRecord("a", "Salt is salty."), DocumentRecord("b", "Grüße"))
    questions_file = tmp_path / "q.jsonl"
    questions_file.write_text('{"question": "Is it?", "answer": "Yes"}')
    assert corpus.read(file, questions_file).questions == (QuestionRecord("Is it?", "Yes"),)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b'{"id": "a", "text": "x"}\nnot json\n', "documents.jsonl, line 2"),
        (b'{"id": "a"}\n', "line 1: Object missing required field text"),
        (b'{"id": "a", "text": 3}\n', "line 1: Expected str, got int in field text"),
        (b'{"id": "a", "text": " "}\n', "line 1: the field text is empty"),
        (b'{"id": "a", "text": "x", "year": "old"}\n', "in field year"),
        (b'{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}\n', "the id 'a' stands twice"),
        (b"[1, 2]\n", "line 1: Expected object"),
        (b"\x89PNG\r\n\x1a\n\x00\x01", "line 1"),
        (b'{"id": "a", "text": "\xff\xfe"}\n', "line 1"),
    ],
)
def test_bad_documents_are_refused_by_line_and_field(tmp_path: Path, text: bytes, complaint: str) -> None:
    file = tmp_path / "documents.jsonl"
    file.write_bytes(text)
    with pytest.raises(InputError) as caught:
        corpus.read(file)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"question": "Who?"}', "missing required field answer"),
        ('{"question": "", "answer": "a"}', "the field question is empty"),
        ('{"question": "Who?", "answer": "a", "gold": ["z"]}', "question 1: gold names 'z'"),
        ('{"question": "Who?", "answer": "a", "gold": "z"}', "in field gold"),
        ('{"question": "Who?", "answer": "a", "steps": [{"answer": "a"}]}', "steps"),
    ],
)
def test_bad_questions_are_refused_by_line_and_field(tmp_path: Path, text: str, complaint: str) -> None:
    documents, asked = tmp_path / "documents.jsonl", tmp_path / "questions.jsonl"
    documents.write_text('{"id": "a", "text": "x"}')
    asked.write_text(text)
    with pytest.raises(InputError) as caught:
        corpus.read(documents, asked)
    assert complaint in str(caught.value)


def test_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            corpus.read(path)


def test_command_writes_the_shipped_corpus_and_checks_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "corpus"
    assert main(["builtin", "corpus", "--out", str(out), "--json"]) == 0
    written = json.loads(capsys.readouterr().out.splitlines()[-1])
    files = ["--documents", str(out / "documents.jsonl"), "--questions", str(out / "questions.jsonl")]
    assert main(["builtin", "corpus", *files, "--json"]) == 0
    checked = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert written["documents"] == checked["documents"] >= 5000
    assert written["kinds"] == checked["kinds"] == sorted(QUESTION_KINDS)


def test_shipped_pages_are_few_and_their_questions_are_about_them() -> None:
    notes, pages = corpus.shipped("notes"), corpus.shipped("pages")
    assert len(notes.documents) > 5000 and len(pages.documents) == corpus.N_PAGES
    ids = {page.id for page in pages.documents}
    assert len(pages.questions) >= 40 and all(ids.issuperset(question.gold) for question in pages.questions)


def test_shipped_corpus_as_pages_tells_of_the_same_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["builtin", "corpus", "--out", str(tmp_path), "--form", "pages", "--json"]) == 0
    capsys.readouterr()
    pages = corpus.read(tmp_path / "documents.jsonl", tmp_path / "questions.jsonl").documents
    notes = corpus.generate(corpus.shipped_source()).documents
    assert {state for page in pages for state in page.states} == {state for note in notes for state in note.states}
    assert all("\n" in page.text for page in pages)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "--out FOLDER"),
        (["--questions", "q.jsonl"], "needs its documents"),
        (["--documents", "missing.jsonl"], "missing.jsonl"),
        (["--out", "."], "exists already"),
        (["--out", "new", "--form", "books"], "form = books"),
    ],
)
def test_command_refuses_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "questions.jsonl").write_text("mine")
    (tmp_path / "documents.jsonl").write_text("mine")
    assert main(["builtin", "corpus", *options]) == 2
    said = capsys.readouterr().err
    assert complaint in said and said.count("\n") == 1
    assert (tmp_path / "documents.jsonl").read_text() == "mine"


@pytest.mark.parametrize("form", ["chronicles", "dossiers"])
def test_a_corpus_of_long_texts_has_questions_about_its_own_documents(form: str) -> None:
    source = corpus.fresh_source(4, share=0.01, n_questions=20, form=corpus.corpus_form(form))
    content = corpus.generate(source)
    ids = {document.id for document in content.documents}
    assert len(content.questions) == 20
    assert all(question.gold and ids.issuperset(question.gold) for question in content.questions)


def test_an_unknown_form_of_a_corpus_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="form = poems: is not known; use notes, pages, both, chronicles, dossiers"):
        corpus.corpus_form("poems")
