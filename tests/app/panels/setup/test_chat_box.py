import pytest
from msgspec.structs import replace
from PySide6.QtCore import QSettings

from app.panels.setup.chat_box import ChatBox
from tests.app.factory import MODEL

INSTRUCT = replace(MODEL, chat_template=True, chat=True, why_chat="instruct model: asked through its chat template")
BASE = replace(INSTRUCT, chat=False, why_chat="a base model by its name")


@pytest.fixture
def box(qtbot):
    made = ChatBox(None)
    qtbot.addWidget(made)
    return made


def test_a_target_without_a_template_has_no_chat_settings(box):
    box.set_values({"chat": "on", "system": "Be brief."})
    box.show_model(MODEL)
    assert box.isHidden()
    assert box.values() == {"chat": "auto", "system": ""}


def test_an_instruct_model_is_asked_as_chat_and_the_reason_is_shown(box):
    box.show_model(INSTRUCT)
    assert not box.isHidden() and box.as_chat
    assert box.why.text() == "instruct model: asked through its chat template"
    box.system.setPlainText("Be brief.")
    assert box.values() == {"chat": "auto", "system": "Be brief."}


def test_the_system_prompt_is_offered_only_where_it_is_read(box):
    box.show_model(BASE)
    box.system.setPlainText("Be brief.")
    assert box.system.isHidden() and box.values() == {"chat": "auto", "system": ""}
    box.choice.setCurrentIndex(1)
    assert not box.system.isHidden() and box.values() == {"chat": "on", "system": "Be brief."}
    box.choice.setCurrentIndex(2)
    assert box.why.text() == "continued as it is" and box.values() == {"chat": "off", "system": ""}


def test_the_settings_come_back_at_the_next_start(box, qtbot, tmp_path):
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    box.show_model(INSTRUCT)
    box.set_values({"chat": "on", "system": "Be\nbrief."})
    box.save(settings)
    other = ChatBox(None)
    qtbot.addWidget(other)
    other.restore(settings)
    other.show_model(INSTRUCT)
    assert other.values() == {"chat": "on", "system": "Be\nbrief."}
