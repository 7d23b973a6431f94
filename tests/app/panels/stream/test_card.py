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
NAMES = ["target p", "drafter q", "min(1, p/q)", "fate", "draw u", "id"]


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
        assert [name for name, _ in panel.view.card.facts] == NAMES
    say(a_round(1, [" a"]))
    store.select(Selection(1, 0))
    assert "first choice" not in panel.view.card.accessibleName()
    assert [name for name, _ in panel.view.card.facts] == NAMES


def test_a_control_token_is_named_in_the_card_and_to_screen_readers(card):
    made = replace(_token(), control=True)
    card.show_token(made, QRect(100, 0, 50, LINE))
    assert dict(card.facts)["id"] == f"{made.record.id}, a control token"
    assert spoken(made).startswith("accepted control token") and "control" not in spoken(_token())


def test_a_card_of_a_low_view_lies_over_its_window_beside_the_line(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 700)
    view = QWidget(window)
    view.setGeometry(100, 200, 400, 60)
    window.show()
    card = TokenCard(view)
    many = tuple(Candidate(i, f" word{i}", 0.1) for i in range(10))
    card.show_token(_token(top_p=many), QRect(10, 20, 50, LINE))
    assert card.parentWidget() is window and window.rect().contains(card.geometry())
    assert not card.geometry().intersects(QRect(100, 220, 400, LINE))


def test_the_token_itself_is_always_among_the_bars_also_in_little_room(card):
    others = tuple(Candidate(i, f" word{i}", 0.15) for i in range(900, 905))
    card.show_token(_token(top_p=others, top_q=others, p=0.01, q=0.02), QRect(0, 0, 50, LINE))
    assert [bar.own for bar in card._bars] == [False] * 5 + [True]
    assert (card._bars[-1].p, card._bars[-1].q) == (0.01, 0.02)
    card.parentWidget().resize(700, 210)
    card.show_token(_token(top_p=others, top_q=others), QRect(0, 0, 50, LINE))
    assert 0 < len(card._bars) < 6 and card._bars[-1].own


def test_a_card_of_a_block_shows_how_probably_it_is_kept_so_far_and_every_draw(card):
    made = _token(prefix_prob=0.25, accept_prob=0.125, fate="untested")
    card.show_token(replace(made, fate="untested"), QRect(100, 0, 50, LINE))
    facts = dict(card.facts)
    assert (facts["kept up to here"], facts["u kept below"], facts["draw u"]) == ("0.250", "0.125", "0.400")
    assert "min(1, p/q)" not in facts
