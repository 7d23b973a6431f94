import pytest
from msgspec.structs import replace

from app.panels.setup.rules_note import RulesNote
from tests.app.factory import MODEL

RULED = replace(MODEL, rules=("repetition penalty 1.3", "2 bad words"))


@pytest.fixture
def note(qtbot):
    made = RulesNote(None)
    qtbot.addWidget(made)
    return made


def test_a_target_that_asks_for_nothing_has_no_note(note):
    note.show_model(MODEL)
    assert note.isHidden()
    note.show_model(RULED)
    assert not note.isHidden()
    note.show_model(None)
    assert note.isHidden()


def test_what_is_applied_and_what_is_left_out_is_said(note):
    note.show_model(RULED)
    assert note.words.text() == "Applied to every token: repetition penalty 1.3, 2 bad words."
    note.set_obeyed(obeyed=False)
    assert note.words.text() == "Left out: repetition penalty 1.3, 2 bad words."


def test_what_is_not_obeyed_is_said_in_lines_of_their_own(note):
    note.show_model(replace(MODEL, ignored=("a watermark",), sampling="temperature 0.6", note="a b"))
    assert note.words.text().splitlines() == [
        "Not applied, so that other programs may write another text: a watermark.",
        "Sampling that the model recommends: temperature 0.6.",
        "a b.",
    ]
