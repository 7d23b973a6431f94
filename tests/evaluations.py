"""A file of questions that evaluations in tests ask."""

import json
from pathlib import Path

from tests.library import TEXTS

ASKED = (
    ("When was the feast of Helrise?", "1535", ""),
    ("True or false: The birthplace of Simtamar is Simveden.", "True", "claim"),
    ("When was the feast of Tordun?", "1488", ""),
    ("True or false: The guild of Tabbamark was founded in 1300.", "False", "claim"),
)


def write_questions(path: Path) -> str:
    """Four questions with their documents; returns the file."""
    rows = [{"question": q, "answer": a, "kind": kind, "documents": TEXTS} for q, a, kind in ASKED]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)
