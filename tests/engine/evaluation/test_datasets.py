"""Layouts of question files: each read by its fields, and refused with line and reason."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.errors import InputError
from engine.evaluation import datasets
from engine.evaluation.datasets import Dataset

CTXS = [{"title": "Sea", "text": "Salt is in the sea.", "id": 7}, {"title": "Air", "text": ""}]


def write(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "asked.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(tmp_path: Path, *rows: object, n: int = 100, seed: int = 0) -> Dataset:
    return datasets.read(write(tmp_path, *rows), n=n, seed=seed)


def test_own_layout_takes_texts_as_documents_and_gold_by_name(tmp_path: Path) -> None:
    row = {"question": "Where?", "answer": "sea", "documents": ["Salt is in the sea.", "Air."], "gold": ["0"]}
    row["supporting"] = ["0", "1"]
    found = read(tmp_path, row, {"question": "True or false: x", "answer": "False", "kind": "claim", "id": "c"})
    first, claim = found.asked
    assert (found.layout, first.id, first.answers, first.needs) == ("own", "line 1", ("sea",), (("0", "1"),))
    assert [document.name for document in first.documents] == ["0", "1"]
    assert not first.ranked and not first.choices
    assert (claim.id, [choice.label for choice in claim.choices]) == ("c", ["True", "False"])


def test_triviaqa_has_aliases_and_pages(tmp_path: Path) -> None:
    pages = {"title": ["Sea"], "wiki_context": ["Salt."]}
    row = {"question": "What?", "question_id": "tc_1", "answer": {"value": "Salt", "aliases": ["NaCl"]}}
    found = read(tmp_path, {**row, "entity_pages": pages})
    assert found.layout == "triviaqa"
    assert (found.asked[0].id, found.asked[0].answers) == ("tc_1", ("Salt", "NaCl"))
    assert [(one.title, one.text) for one in found.asked[0].documents] == [("Sea", "Salt.")]


def test_popqa_has_its_answers_as_text(tmp_path: Path) -> None:
    row = {"id": 5, "question": "Who?", "prop": "author", "possible_answers": '["Ann", "A."]', "ctxs": CTXS}
    found = read(tmp_path, row).asked[0]
    assert (found.id, found.kind, found.answers, found.ranked) == ("5", "author", ("Ann", "A."), True)
    assert [document.name for document in found.documents] == ["7"]


def test_musique_needs_each_supporting_paragraph(tmp_path: Path) -> None:
    paragraphs = [
        {"idx": i, "title": f"t{i}", "paragraph_text": f"text {i}", "is_supporting": i in (0, 2)} for i in range(3)
    ]
    row = {"id": "2hop__1_2", "question": "Who?", "answer": "Bo", "answer_aliases": [], "paragraphs": paragraphs}
    found = read(tmp_path, {**row, "answerable": True}, {**row, "answerable": False})
    assert (found.layout, found.n_left_out, len(found.asked)) == ("musique", 1, 1)
    assert (found.asked[0].needs, found.asked[0].kind) == ((("0",), ("2",)), "2hop")


@pytest.mark.parametrize(("label", "answer"), [("true", "True"), ("REFUTES", "False"), (2, "True"), (0, "False")])
def test_pubhealth_asks_claims_as_true_or_false(tmp_path: Path, label: object, answer: str) -> None:
    found = read(tmp_path, {"claim": "Tea cures.", "label": label}, {"claim": "Maybe.", "label": "mixture"})
    assert found.n_left_out == 1
    assert (found.asked[0].question, found.asked[0].answers) == ("True or false: Tea cures.", (answer,))


@pytest.mark.parametrize("nested", [True, False])
def test_arc_shows_its_choices_in_both_forms(tmp_path: Path, nested: bool) -> None:
    pairs = [{"text": "salt", "label": "A"}, {"text": "tea", "label": "B"}]
    row: dict[str, object] = {"question": {"stem": "Which?", "choices": pairs}}
    if not nested:
        row = {"question": "Which?", "choices": {"text": ["salt", "tea"], "label": ["A", "B"]}}
    found = read(tmp_path, {"id": "M1", "answerKey": "B", **row}).asked[0]
    assert (found.question, found.answers) == ("Which? A: salt B: tea", ("B",))


def test_the_answered_ones_are_drawn_where_only_they_are_wanted(tmp_path: Path) -> None:
    rows = [{"question": f"q{i}", "id": f"{i}", "answer": "x" if i in (7, 31) else ""} for i in range(50)]
    path = write(tmp_path, *rows)
    drawn = datasets.read(path, n=5, seed=0, answered=True)
    assert [one.id for one in drawn.asked] == ["7", "31"] and drawn.n_unanswered == 48
    assert len(datasets.read(path, n=5, seed=0).asked) == 5
    bare = datasets.read(write(tmp_path, *rows[:7]), n=5, seed=0, answered=True)
    assert len(bare.asked) == 5 and not any(one.answers for one in bare.asked)


def test_questions_are_drawn_by_the_seed_in_their_order(tmp_path: Path) -> None:
    rows = [{"question": f"q{i}", "answer": "x", "id": f"{i}"} for i in range(50)]
    drawn = [[one.id for one in read(tmp_path, *rows, n=10, seed=seed).asked] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] == sorted(drawn[0], key=int) and len(drawn[0]) == 10


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"text": "x"}, "no known layout"),
        ({"question": "x", "possible_answers": []}, "no answer"),
        ({"question": "", "answer": "x"}, "question is missing"),
        ({"question": "x", "answer": [1]}, "something else than texts"),
        ({"question": "x", "answer": "C", "choices": ["A", "B"]}, "none of the choices"),
        ({"question": "x", "answerKey": "C", "choices": {"label": ["A"], "text": ["x"]}}, "none of the choices"),
        ({"question": "x", "possible_answers": "no list"}, "holds no list"),
        ({"question": "x", "paragraphs": 3}, "no list of objects"),
        ([1], "object"),
    ],
)
def test_bad_records_are_refused_with_their_line(tmp_path: Path, row: object, reason: str) -> None:
    with pytest.raises(InputError) as err:
        read(tmp_path, row)
    assert "asked.jsonl, line 1" in err.value.message and reason in err.value.message


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\x00\x00\x00", r"is not JSON \(expecting value, character 1\)"),
        (b"\xff\xfd\x01", r"is not JSON \(it is no text\)"),
        (b"[" * 100_000, r"is not JSON \(it is nested too deep\)"),
    ],
)
def test_a_line_that_is_no_json_says_so_in_words(tmp_path: Path, line: bytes, reason: str) -> None:
    (tmp_path / "q.jsonl").write_bytes(line)
    with pytest.raises(InputError, match=f"q.jsonl, line 1: {reason}; write one JSON object a line"):
        datasets.read(tmp_path / "q.jsonl", n=1, seed=0)


def test_files_with_nothing_to_ask_are_refused(tmp_path: Path) -> None:
    for rows, reason in (
        ((), "empty"),
        (({"claim": "x", "label": "unproven"},), "none of its 1"),
    ):
        with pytest.raises(InputError, match=reason):
            read(tmp_path, *rows)
    with pytest.raises(InputError, match="cannot be read"):
        datasets.read(tmp_path / "none.jsonl", n=1, seed=0)
    with pytest.raises(InputError, match="stands twice"):
        read(tmp_path, *[{"question": "x", "answer": "y", "id": "a"}] * 2)


def test_a_file_that_cannot_be_read_is_refused_before_models_are_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cli.rag_eval.loaded_session", lambda *_: pytest.fail("models were loaded"))
    for path in (tmp_path, tmp_path / "none"):
        assert main(["rag", "eval", "--dataset", str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_question_without_an_answer_is_asked_and_kinds_can_be_chosen(tmp_path: Path) -> None:
    rows = [
        {"question": "Where is it?", "kind": "place"}, {"question": "When?", "answer": " ", "kind": "time"},
        {"question": "Who?", "answer": "Bal", "kind": "person"},
    ]  # fmt: skip
    found = read(tmp_path, *rows, n=9)
    assert [one.answers for one in found.asked] == [(), (), ("Bal",)]
    path = write(tmp_path, *rows)
    chosen = datasets.read(path, n=9, seed=0, kinds=("person", "place"))
    assert [one.kind for one in chosen.asked] == ["place", "person"]
    with pytest.raises(InputError, match=r"has no 'colour'; use place, time, person"):
        datasets.read(path, n=9, seed=0, kinds=("colour",))
    assert datasets.kinds_at_beginning(path) == ("place", "time", "person")
    assert datasets.kinds_at_beginning(path, 60) == ("place",) and datasets.kinds_at_beginning(tmp_path / "no") == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_with_a_mark_of_its_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    rows = [{"question": f"Where is number {i}?", "answer": "Öre\u0a0a"} for i in range(3)]
    path = tmp_path / "asked.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows), encoding=encoding)
    found = datasets.read(path, n=10, seed=0)
    assert [question.answers for question in found.asked] == [("Öre\u0a0a",)] * 3
