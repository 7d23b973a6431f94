"""The cards of the drafts."""

from math import log

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.workspaces.rag.answers import AnswerProgress
from app.workspaces.rag.pick import Pick
from app.workspaces.rag.score_bars import scale_of
from engine.events import DraftFinished, TokensEmitted
from tests.app.answers import (
    CITED,
    RATIONALES,
    SUBSETS,
    TEXTS,
    answer_started,
    answered,
    drafting,
    finished,
    mapped,
    partitioned,
    retrieved,
    scored,
)
from tests.app.workspaces.rag.tab import settle


def test_lanes_grow_word_by_word(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    events = drafting()
    say(*events[:-20])
    before = [card.text.toPlainText() for card in workspace.lanes.cards]
    say(*events[-20:])
    after = [card.text.toPlainText() for card in workspace.lanes.cards]
    assert after == list(RATIONALES)
    assert all(late.startswith(early) for early, late in zip(before, after, strict=True))


def test_a_finished_draft_shows_rationale_response_and_what_it_rests_on(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    card = workspace.lanes.cards[0]
    rationale, *passages = card.text.toPlainText().split("\n\n")
    assert rationale == RATIONALES[0]
    assert passages == [f"[{place + 1}] {TEXTS[place][1]}" for place in SUBSETS[0]]
    assert card.response.text() == "Maren Oldcastle"
    assert card.members.accessibleName() == "passages [1] [2]"
    assert workspace.lanes.cards[1].members.accessibleName() == "passages [3] 6"


def test_the_winner_has_a_star_and_its_margin(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    cards = workspace.lanes.cards
    assert [card.state.text() for card in cards] == ["★", "", "", "", "✗"]
    assert cards[0].note.text() == "chosen: 2.15× draft 4"


@pytest.mark.parametrize(
    ("why", "says"),
    [("line", "ended with its line"), ("end", "came to its end"), ("length", "used its share of tokens"), ("", "")],
)
def test_a_response_begun_for_the_drafter_is_marked(asked, why, says) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    say(*drafting(), replace(finished(0), forced_by=why))
    line = workspace.lanes.cards[0].forced
    assert line.isHidden() == (not why)
    assert line.text().startswith("response begun for the drafter: its rationale" if why else "")
    assert line.text().endswith(says)


def test_an_incomplete_draft_says_why(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    assert "96 tokens before a response" in workspace.lanes.cards[4].note.text()


def test_bars_of_all_drafts_share_a_scale(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    said = [card.bars.accessibleDescription() for card in workspace.lanes.cards]
    assert said[0].startswith("draft 0.83, contained 10⁻⁴ (log₁₀ −4.4), reflection 0.97, product 10⁻⁴")
    assert said[4] == ""
    assert scale_of([-1.0, float("-inf")]).low < -1.0
    assert scale_of([]).low < 0 == scale_of([]).high


@pytest.mark.parametrize(("largest", "high"), [(0.0, 0.0), (log(1.9), log(2)), (log(7), log(10)), (log(70), log(100))])
def test_scores_above_1_fit_their_scale(largest: float, high: float) -> None:
    scale = scale_of([-120.0, largest])
    assert scale.high == pytest.approx(high)
    assert 0 < scale.share(-120.0) < scale.share(0.0) <= scale.share(largest) <= 1


def test_scores_that_are_not_the_papers_are_named(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    assert "mean log P -0.31" in workspace.lanes.cards[1].note.text()


def test_a_click_on_a_card_is_followed_by_map_and_text(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = done
    QTest.mouseClick(workspace.lanes.cards[2], Qt.MouseButton.LeftButton)
    settle(workspace)
    assert store.tab(AnswerProgress).pick.draft == 2
    assert workspace.passages.table.currentRow() == CITED[2][0]
    QTest.keyClick(workspace.lanes.cards[3], Qt.Key.Key_Space)
    assert store.tab(AnswerProgress).pick.draft == 3


def test_a_draft_kept_from_before_says_so(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    say(answer_started(), retrieved(), mapped(), partitioned(), replace(finished(1), reused=True))
    assert "kept from before" in workspace.lanes.cards[1].note.text()


def test_cards_stand_in_rows_of_equal_length(done) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = done
    tops = {card.geometry().top() for card in workspace.lanes.cards}
    assert len(tops) == 2
    assert all(card.text.height() > 0 for card in workspace.lanes.cards)


def test_the_next_question_begins_with_empty_cards(done) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = done
    workspace.bar.ask.click()
    say(*drafting()[:4])
    assert store.tab(AnswerProgress).pick == Pick()
    assert [card.text.toPlainText() for card in workspace.lanes.cards] == [""] * 5
    assert workspace.prompts.list.count() == 0
    assert workspace.systems.table.rowCount() == 0


def test_twenty_long_drafts_are_all_shown(asked) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = asked
    many = replace(partitioned(), subsets=tuple((i % 10, (i + 1) % 10) for i in range(20)), m=20)
    say(answer_started(), retrieved(), mapped(), many)
    for place in range(400):
        for lane in range(20):
            store.take(TokensEmitted(f"draft {lane}", (place,), f" w{place}"))
        if place % 40 == 0:
            settle(workspace)
    settle(workspace)
    assert len(workspace.lanes.cards) == 20
    say(*(DraftFinished(i, "why", "what", -1.0, -1.0, 10, 400, (), True) for i in range(10)))
    for card in workspace.lanes.cards:
        workspace.lanes.area.ensureWidgetVisible(card)
        settle(workspace)
        assert card.response.text() == ("what" if card.number < 10 else "")
        text = card.text.toPlainText()
        assert text.startswith("why\n\n[") if card.number < 10 else text.endswith(" w399")


def test_scores_may_come_before_the_last_draft_is_done(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    say(*drafting(), finished(0), scored(0))
    assert workspace.lanes.cards[0].note.text() == "mean log P -0.31"
    say(*answered())
    assert workspace.lanes.cards[0].state.text() == "★"
