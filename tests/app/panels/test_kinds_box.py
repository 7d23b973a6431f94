"""The button of the kinds of questions: of the world, of a file, none chosen, a file without kinds."""

from pathlib import Path

from PySide6.QtWidgets import QWidget

from app.panels.kinds_box import KindsBox


def test_the_usual_kinds_are_chosen_until_others_are(qtbot) -> None:  # type: ignore[no-untyped-def]
    parent = QWidget()
    qtbot.addWidget(parent)
    box = KindsBox(parent)
    assert box.value() == "" and box.text() == "Kinds: the usual ones ▾"
    with qtbot.waitSignal(box.changed):
        box.choose("bridge")
    assert box.value() == "bridge" and box.text() == "Kinds: 1 of 5 ▾" and not box.why_not()
    box.choose("nothing like that")
    assert box.why_not() == "no kind of question is chosen"
    box.choose("")
    assert box.value() == ""


def test_a_file_offers_its_own_kinds(qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    parent = QWidget()
    qtbot.addWidget(parent)
    box, file = KindsBox(parent), tmp_path / "own.jsonl"
    file.write_text('{"question": "a?", "answer": "b", "kind": "R&D"}\n{"question": "c?", "kind": "tax"}\n')
    box.show_dataset(str(file))
    assert box.value() == "" and box.text() == "Kinds: all ▾" and box.isEnabled()
    box.choose("R&D")
    assert box.value() == "R&D"
    file.write_text('{"question": "a?", "answer": "b"}\n')
    box.show_dataset(str(file))
    assert box.value() == "" and not box.isEnabled() and not box.why_not() and "no kinds" in box.toolTip()
