from itertools import pairwise

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from app.panels.stream.panel import TokenStreamPanel
from app.state.selection import Selection
from tests.app.factory import a_round, started, token, whole_run


def test_the_stream_shows_every_token_of_the_events_in_order(shown):
    _, panel, say = shown
    say(*whole_run())
    assert panel.view.shown_text() == "Once·upon·a·time·lived·ran·there·was⏎"


def test_each_token_has_its_fate(shown):
    _, panel, say = shown
    say(*whole_run())
    assert [token.fate for token in panel.view.tokens] == [
        "prompt", "prompt", "accepted", "accepted", "rejected", "untested", "correction", "accepted", "bonus",
    ]  # fmt: skip


def test_a_token_of_a_round_without_proposals_is_nobodys_bonus(shown):
    _, panel, say = shown
    say(started(), a_round(0, []))
    assert panel.view.tokens[-1].fate == "plain"


def test_reading_shows_the_text_without_ghosts_and_inspecting_every_token(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    qtbot.mouseClick(panel.mode.reading, Qt.MouseButton.LeftButton)
    assert panel.view.shown_text() == "Once upon a time there was"
    assert panel.view.lines.n_lines == 2, "the text ends with a new line, which is not marked"
    qtbot.mouseClick(panel.mode.inspecting, Qt.MouseButton.LeftButton)
    assert "·lived·ran" in panel.view.shown_text()


def test_a_new_panel_is_for_reading_and_the_action_follows_the_switch(shown):
    store, panel, _ = shown
    assert not TokenStreamPanel(store, panel).inspecting
    panel.inspect.setChecked(False)
    assert panel.mode.reading.isChecked() and not panel.x_ray.isEnabled()
    panel.mode.inspect(True)
    assert panel.inspect.isChecked() and panel.x_ray.isEnabled()


def test_a_text_that_is_read_opens_no_card_and_keeps_its_spaces_and_dots(shown):
    store, panel, say = shown
    panel.mode.inspect(False)
    say(started(pieces=("a·b",)), a_round(0, [" c", "\n\n", "d"]))
    assert panel.view.shown_text() == "a·b cd end"
    assert panel.view.lines.n_lines == 3
    store.select(Selection(0, 0))
    assert not panel.view.card.isVisible()
    panel.mode.inspect(True)
    assert panel.view.card.isVisible()
    panel.mode.inspect(False)
    assert not panel.view.card.isVisible()


def test_the_x_ray_asked_for_while_reading_begins_to_inspect(shown, qtbot):
    _, panel, say = shown
    say(*whole_run())
    panel.mode.inspect(False)
    qtbot.keyClick(panel.view, Qt.Key.Key_X)
    assert panel.inspecting and panel.x_ray.isChecked() and panel.view.marks.x_ray
    panel.mode.inspect(False)
    assert not panel.view.marks.x_ray and panel.x_ray_key.isHidden()


def test_the_x_ray_of_a_greedy_run_shows_p_and_of_a_sampled_one_the_acceptance(shown):
    _, panel, say = shown
    say(started(settings={"temperature": 0.0}))
    assert panel.view.marks.greedy
    say(started("next", settings={"temperature": 0.7}))
    assert not panel.view.marks.greedy


def test_copied_text_is_the_plain_text_that_was_kept(shown):
    _, panel, say = shown
    say(*whole_run())
    panel.copy_text()
    assert QGuiApplication.clipboard().text() == "Once upon a time there was\n"


def test_a_hidden_panel_catches_up_when_it_is_shown(shown):
    _, panel, say = shown
    panel.hide()
    say(*whole_run())
    assert panel.view.tokens == []
    panel.show()
    assert len(panel.view.tokens) == 9


def test_a_new_run_clears_the_stream(shown):
    _, panel, say = shown
    say(*whole_run())
    say(started("next", pieces=("Now",)))
    assert panel.view.shown_text() == "Now"


def test_a_click_selects_the_token_under_it(shown, qtbot):
    store, panel, say = shown
    say(started(pieces=()), a_round(0, ["wide word"]))
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(40, 30))
    assert store.selection == Selection(0, 0)


def test_arrow_keys_walk_over_the_tokens_and_open_their_cards(shown, qtbot):
    store, panel, say = shown
    say(*whole_run())
    for _ in range(3):
        qtbot.keyClick(panel.view, Qt.Key.Key_Right)
    assert store.selection == Selection(0, 2)
    assert panel.view.card.isVisible()
    facts = dict(panel.view.card.facts)
    assert (facts["fate"], facts["drafter q"], facts["min(1, p/q)"], facts["draw u"]) == (
        "rejected",
        "0.800",
        "0.750",
        "0.400",
    )


def test_a_greedy_token_says_that_nothing_was_drawn(shown):
    store, panel, say = shown
    greedy = a_round(0, [])
    say(started(), type(greedy)(0, (token("x", "accepted", u=None),), greedy.last, (7, 9), 1.0, 1.0, 0.0))
    store.select(Selection(0, 0))
    facts = dict(panel.view.card.facts)
    assert facts["draw u"] == "none"
    assert facts["min(1, p/q)"] == "0.750"
    assert "target's first choice" in panel.view.card.accessibleName()


def test_a_fork_is_offered_only_from_kept_tokens(shown):
    store, panel, say = shown
    say(*whole_run())
    store.select(Selection(0, 1))
    assert panel.fork.isEnabled()
    store.select(Selection(0, 2))
    assert not panel.fork.isEnabled()


def test_a_fork_that_is_not_offered_says_why(shown):
    store, panel, say = shown
    assert "Run first" in panel.fork.toolTip()
    say(*whole_run())
    assert "Select a token" in panel.fork.toolTip()
    store.select(Selection(0, 2))
    assert "not kept" in panel.fork.toolTip()
    store.select(Selection(0, 1))
    assert panel.fork.toolTip().startswith("Run again")


def test_tens_of_thousands_of_tokens_are_all_laid_out(shown, qtbot):
    _, panel, say = shown
    say(started())
    for number in range(0, 5000):
        panel.store.take(a_round(number, [" a", " b", " c", " d"]))
    panel.refresh()
    qtbot.waitUntil(lambda: not panel.behind and panel.settled, timeout=60_000)
    assert panel.view.shown_text().count("·end") == 5000
    panel.resize(500, 400)
    qtbot.waitUntil(lambda: not panel.behind and panel.settled, timeout=60_000)
    assert panel.view.shown_text().count("·end") == 5000
    assert panel.view.verticalScrollBar().maximum() > 10_000


def test_the_view_stays_at_the_end_unless_it_was_scrolled_away(shown):
    _, panel, say = shown
    bar = panel.view.verticalScrollBar()
    say(started(), *(a_round(n, [" word"] * 4) for n in range(150)))
    assert bar.value() == bar.maximum() > 0
    bar.setValue(0)
    say(*(a_round(n, [" word"] * 4) for n in range(150, 180)))
    assert bar.value() == 0


def test_the_tokens_of_the_prompt_stand_without_gaps_and_others_with_one(shown):
    _, panel, say = shown
    say(started(pieces=("l", "igh", "th", " ou", "se")), a_round(0, ["x", "y", " z"]))
    segments = panel.view.lines.line(0)
    gaps = [after.x - before.x - before.width for before, after in pairwise(segments)]
    assert [round(gap, 2) for gap in gaps] == [0, 0, 0, 0, 1, 1, 2, 2]


def test_a_low_panel_leaves_fork_to_the_menus_and_keeps_no_room_in_its_legend(shown):
    _, panel, _ = shown
    panel.mode.inspect(False)
    line = panel.fontMetrics().lineSpacing()
    panel.resize(400, 40 * line)
    assert panel.fork.isVisible()
    high = panel.legend.heightForWidth(300)
    panel.resize(400, 12 * line)
    assert not panel.fork.isVisible() and panel.legend.heightForWidth(300) < high
