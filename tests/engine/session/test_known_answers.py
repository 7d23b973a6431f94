"""The right answers that are known: of the shipped questions over their own documents, and of a file's questions."""

from pathlib import Path

from msgspec.structs import replace

from engine.events import RunFinished
from engine.methods.drag.config import DragConfig
from engine.session.known_answers import known_answers, with_known_answers
from tests.allocations import scaling_answer

SHIPPED = "Who mapped the river Gimgaburn?"


def test_shipped_questions_are_known_over_their_own_documents() -> None:
    assert known_answers(f" {SHIPPED} ", "builtin:pages", "builtin") == ("Cilvedan",)
    assert known_answers(SHIPPED, "/other/index", "builtin") == known_answers("Who?", "builtin:pages", "builtin") == ()


def test_answers_of_a_file_are_filled_in_and_a_bad_file_knows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"question": "Where is the mill?", "answer": ["Nyby", "Ny"]}\n{"question": "When?"}\n')
    answer, end = scaling_answer("Nyby", DragConfig()), RunFinished("end_of_text", 1)
    filled = list(with_known_answers(iter([answer, end]), "/an/index", str(file)))
    assert filled == [replace(answer, gold=("Nyby", "Ny")), end]
    assert known_answers("When?", "", str(file)) == known_answers("Where is the mill?", "", str(tmp_path / "no")) == ()
    file.write_text("no JSON at all, and longer than before")
    assert known_answers("Where is the mill?", "", str(file)) == ()
