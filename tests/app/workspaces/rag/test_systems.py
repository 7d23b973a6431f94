"""Systems side by side, and what each model read."""

import pytest
from msgspec.structs import replace

from app.panels.prompt_text import readable
from app.workspaces.rag.answer import AnswerRecord
from engine.events import PromptRead, QuestionAnswered
from engine.events.answers import PromptPart
from tests.app.answers import QUESTION, answer_started, prompt, whole_answer


def test_verdict_sets_measured_times_side_by_side(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    assert workspace.verdict.answer_line.text() == "Maren Oldcastle"
    assert workspace.verdict.times.text() == "Speculative RAG 171 ms (−58 %) · standard RAG 412 ms"
    assert workspace.verdict.same.text() == "same answer as standard RAG"


@pytest.mark.parametrize(
    ("known", "verdict", "signs"),
    [
        ("Maren Oldcastle", "right ✓ · same answer as standard RAG", ["✓", "✓", "✗"]),
        ("Jorold", "wrong ✗, it is Jorold · same answer as standard RAG", ["✗", "✗", "✓"]),
    ],
)
def test_right_and_wrong_are_said_where_the_answer_is_known(asked, monkeypatch, known, verdict, signs) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(AnswerRecord, "known_answer", known)
    _store, _host, workspace, say = asked
    say(*whole_answer())
    assert workspace.verdict.same.text() == verdict
    assert workspace.verdict.same.property("role") == ("good" if known.startswith("Maren") else "bad")
    assert [workspace.systems.table.item(row, 1).text()[0] for row in range(3)] == signs


def test_another_answer_than_standard_rags_is_shown_beside_it_without_blame(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    events = [
        replace(each, answer="Jorold") if isinstance(each, QuestionAnswered) and each.system == "standard_rag" else each
        for each in whole_answer()
    ]  # fmt: skip
    say(*events)
    assert workspace.verdict.same.text() == "standard RAG differs: Jorold"
    assert workspace.verdict.same.property("role") == "normal"


def test_a_tie_is_called_a_tie(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    say(*(replace(each, margin=0.0) if isinstance(each, QuestionAnswered) else each for each in whole_answer()))
    assert workspace.lanes.cards[0].note.text() == "chosen: tie with draft 4"


def test_systems_are_compared_with_standard_rag(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    table = workspace.systems.table
    rows = [[table.item(row, i).text() for i in range(table.columnCount())] for row in range(table.rowCount())]
    assert rows[0][:3] == ["Speculative RAG", "= Maren Oldcastle", "171 ms (−58 %)"]
    assert rows[1] == ["standard RAG", "Maren Oldcastle.", "412 ms", "360 ms", "355 + 57.0 ms", "640 + 0"]
    assert rows[2][1] == "≠ Jorold"
    assert rows[0][-1] == "305 + 628"
    assert "measured 171 ms" in workspace.systems.formula.text()
    assert "drafting 88.0 ms" in workspace.systems.phases.text()


def test_prompts_are_what_each_model_read_with_tokens_counted(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    panel = workspace.prompts
    assert panel.list.count() == 6
    assert panel.list.item(0).text() == "drafter: draft 1, 83 tokens"
    assert panel.list.item(5).text() == "target: standard RAG, 83 tokens"
    assert panel.shown.text.toPlainText() == prompt(0).text
    assert panel.shown.parts.text() == "83 tokens: task 9 · question 10 · documents 52 · layout 12"
    tinted = [one.cursor.selectedText() for one in panel.shown.text.extraSelections()]
    assert tinted[1] == f" {QUESTION}"


def test_a_prompt_that_was_cut_says_so(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    say(answer_started(), replace(prompt(0), note="2 passages cut to fit"))
    assert "2 passages cut to fit" in workspace.prompts.shown.parts.text()


def test_parts_lie_where_they_are_shown_also_behind_what_is_made_visible() -> None:
    made = PromptRead("target", "x", None, "a\u202eb cd", prompt().parts[:0], 3)
    shown, parts = readable(replace(made, parts=(PromptPart("first", 0, 3, 1), PromptPart("last", 4, 6, 2))))
    assert shown == "a⟨U+202E⟩b cd"
    assert [shown[part.start : part.end] for part in parts] == ["a⟨U+202E⟩b", "cd"]
