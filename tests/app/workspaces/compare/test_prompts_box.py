import pytest
from PySide6.QtCore import Qt

from app.workspaces.compare.prompts_box import PromptSetBox
from engine.experiments import prompt_sets


@pytest.fixture
def box(qtbot):
    made = PromptSetBox(None)
    qtbot.addWidget(made)
    return made


def _specs(box):
    return [box.itemData(i) for i in range(box.count()) if box.itemData(i)]


def test_every_set_of_the_command_line_is_offered_and_can_be_read(box):
    specs = _specs(box)
    assert specs.index("builtin") < specs.index("english")
    assert {f"english:{task}" for task in prompt_sets.ENGLISH_TASKS} <= set(specs)
    for spec in specs:
        box.choose(spec)
        assert box.spec() == spec
        prompt_sets.refuse_unreadable(box.spec())
        assert box.itemData(box.currentIndex(), Qt.ItemDataRole.ToolTipRole) or spec == "builtin"


def test_an_english_task_is_named_so_and_a_task_that_is_not_there_is_no_file(box):
    box.choose("english:code")
    assert box.set_name() == "English: code"
    box.choose("english:poetry")
    assert box.spec() == "english:code"


def test_files_come_after_all_sets_and_the_oldest_makes_way(box, tmp_path):
    for i in range(6):
        box.choose(str(tmp_path / f"{i}.txt"))
    specs = _specs(box)
    assert [spec.rpartition("/")[2] for spec in specs[-4:]] == ["5.txt", "4.txt", "3.txt", "2.txt"]
    assert specs[:-4] == _specs(PromptSetBox(None))
    assert box.set_name() == "5.txt"
