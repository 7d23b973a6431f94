import pytest
from msgspec.structs import replace
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget

from app.panels.stream.card import TokenCard
from app.panels.stream.tokens import round_tokens
from app.panels.stream.words import spoken
from app.state.selection import Selection
from engine.events import Candidate, ProposedToken
from tests.app.factory import a_round, started, token

LINE = 30


def _token(**changes):
    """The first token of a round, with changes to its record."""
    made = round_tokens(a_round(0, [" a"]))[0]
    record = {name: getattr(made.record, name) for name in made.record.__struct_fields__} | changes
    return type(made)(made.shown, made.text, made.fate, 0, 0, ProposedToken(**record))


@pytest.fixture
def card(qtbot):
    room = QWidget()
    qtbot.addWidget(room)
    room.resize(700, 500)
    room.show()
    return TokenCard(room)


@pytest.mark.parametrize("height", [300, 400, 500])
@pytest.mark.parametrize("top", [0, 60, 130, 200, 270])
def test_the_card_never_covers_the_line_of_its_token(card, height, top):
    card.parentWidget().resize(700, height)
    many = tuple(Candidate(i, f" word{i}", 0.1) for i in range(10))
    line = QRect(0, top, 700, LINE)
    card.show_token(_token(top_p=many), QRect(100, top, 50, LINE))
    assert card.isVisible()
    assert not card.geometry().intersects(line)


def test_a_card_with_too_little_room_keeps_its_facts_and_drops_candidates(card):
    many = tuple(Candidate(i, f" word{i}", 0.1) for i in range(10))
    card.show_token(_token(top_p=many), QRect(100, 0, 50, LINE))
    whole = card.height()
    card.parentWidget().resize(700, 200)
    card.show_token(_token(top_p=many), QRect(100, 80, 50, LINE))
    assert card.height() < whole
    assert dict(card.facts)["draw u"] == "0.400"


def test_candidates_without_a_bar_to_be_seen_take_no_room(card):
    some = (Candidate(7, " a", 0.001), Candidate(8, " b", 0.9))
    at = QRect(0, 0, 50, LINE)
    card.show_token(_token(top_p=some, top_q=()), at)
    height = card.height()
    card.show_token(_token(top_p=(*some, Candidate(9, " c", 0.001)), top_q=()), at)
    assert card.height() == height
    card.show_token(_token(top_p=(*some, Candidate(9, " c", 0.1)), top_q=()), at)
    assert card.height() > height


def test_a_greedy_card_names_its_rule_and_a_sampled_one_its_ratio(shown):
    store, panel, say = shown
    event = a_round(0, [])
    greedy = token("x", "rejected", u=None)
    say(started(), type(event)(0, (greedy, token("y", "untested", u=None)), event.last, (7, 9), 1.0, 1.0, 0.0))
    for index in (0, 1):
        store.select(Selection(0, index))
        assert "first choice" in panel.view.card.accessibleName()
        assert [name for name, _ in panel.view.card.facts] == ["fate", "id", "p", "q", "draw u"]
    say(a_round(1, [" a"]))
    store.select(Selection(1, 0))
    assert "first choice" not in panel.view.card.accessibleName()
    assert [name for name, _ in panel.view.card.facts] == ["fate", "id", "p", "q", "min(1, p/q)", "draw u"]


def test_a_control_token_is_named_in_the_card_and_to_screen_readers(card):
    made = replace(_token(), control=True)
    card.show_token(made, QRect(100, 0, 50, LINE))
    assert dict(card.facts)["id"] == f"{made.record.id}, a control token"
    assert spoken(made).startswith("accepted control token") and "control" not in spoken(_token())
