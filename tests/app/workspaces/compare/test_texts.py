"""Texts side by side: fates, the first difference, scrolling in step, and prompts with a difference."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.panels.stream.tokens import StreamToken
from app.workspaces.compare.differences import TextDifference, divergence, first_differing, token_batches
from app.workspaces.compare.record import read_record
from engine.events import GenerationMeasured
from engine.machine import paths
from engine.runs import trace
from tests.comparisons import GENERAL, SMALL, comparison
from tests.engine.store import kept

DIFFERS_AT = 5


def differing(n_tokens: int = 48):  # type: ignore[no-untyped-def]
    """A comparison of three prompts in which a lane leaves the plain text of the second one."""
    events = list(comparison(n_prompts=3, n_tokens=n_tokens))
    for place, event in enumerate(events):
        if isinstance(event, GenerationMeasured) and event.lane == SMALL.name and event.prompt == 1:
            ids = (*event.ids[:DIFFERS_AT], *(900 + i for i in event.ids[DIFFERS_AT:]))
            events[place] = replace(event, ids=ids, margin=0.012, first_divergence=DIFFERS_AT)
    return events


def texts_of(lane: str) -> GenerationMeasured:
    return next(e for e in comparison() if isinstance(e, GenerationMeasured) and e.lane == lane)


def test_the_same_text_has_no_divergence() -> None:
    plain = texts_of("plain")
    assert divergence(plain, plain) is None and divergence(plain, None) is None
    other = replace(plain, ids=(0, 1, 9), text=plain.text[:7])
    assert divergence(other, plain) == TextDifference(2, 7)


def test_a_text_without_rounds_is_shown_word_by_word() -> None:
    bare = replace(texts_of("plain"), rounds=(), text=" one two\nthree")
    tokens = [token for batch in token_batches(bare) for token in batch]
    assert "".join(token.text for token in tokens) == " one two\nthree"
    assert {token.fate for token in tokens} == {"unmarked"}


def test_what_nobody_drafted_carries_no_marks() -> None:
    plain = [token for batch in token_batches(texts_of("plain")) for token in batch]
    assert {token.fate for token in plain} == {"unmarked"}
    drafted = texts_of(SMALL.name)
    bare = replace(drafted, rounds=tuple(replace(event, proposed=()) for event in drafted.rounds))
    assert {token.fate for batch in token_batches(bare) for token in batch} == {"unmarked"}
    assert "accepted" in {token.fate for batch in token_batches(drafted) for token in batch}


def test_the_first_token_that_differs_is_counted_without_ghosts() -> None:
    tokens = [StreamToken("a", "a", "accepted"), StreamToken("x", "x", "rejected"), StreamToken("b", "b", "correction")]
    assert first_differing(tokens, TextDifference(1, 0), with_rounds=True) == 2
    assert first_differing(tokens, TextDifference(2, 2), with_rounds=True) is None
    assert first_differing(tokens, TextDifference(1, 1), with_rounds=False) == 2


def test_every_lane_of_the_first_prompt_is_shown_with_its_fates(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace.do("run")
    say(*differing())
    columns = workspace.texts._shown()
    assert [column.lane for column in columns] == ["plain", GENERAL.name, SMALL.name]
    assert columns[1].check.text() == "✓ same text" and columns[0].check.text() == "what the others are compared with"
    assert {"accepted", "rejected", "correction"} <= {token.fate for token in columns[2].view.tokens}
    assert columns[0].view.text() == columns[1].view.text()
    assert "ghost" not in columns[2].view.shown_text()
    workspace.texts.ghosts.setChecked(True)
    assert "ghost" in columns[2].view.shown_text()


def test_the_next_difference_is_found_framed_and_named(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace.do("run")
    say(*differing())
    assert workspace.texts.next.isEnabled()
    workspace.texts.next.click()
    assert workspace.texts.turns.currentIndex() == 1
    column = next(column for column in workspace.texts._shown() if column.lane == SMALL.name)
    assert column.check.text() == f"✗ differs from token {DIFFERS_AT + 1}, top-2 margin 0.012"
    kept = [index for index, token in enumerate(column.view.tokens) if not token.is_ghost]
    assert column.view.marks.current == kept[DIFFERS_AT]
    assert column.view.marks.range == (kept[DIFFERS_AT], len(column.view.tokens) - 1)
    workspace.texts.turns.activated.emit(0)
    assert all(column.view.marks.current is None for column in workspace.texts._shown())


def test_without_a_difference_there_is_none_to_go_to(compared) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = compared
    assert not workspace.texts.next.isEnabled() and "no text differs" in workspace.texts.next.toolTip()


def test_texts_begin_at_their_top_and_scroll_in_step(tab, qtbot) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace.do("run")
    say(*differing(900))
    columns = workspace.texts._shown()

    def wait_for_layout() -> None:  # long texts are laid out a few milliseconds at a time
        qtbot.waitUntil(lambda: all(column.view.settled for column in columns))

    wait_for_layout()
    bars = [column.view.verticalScrollBar() for column in columns]
    assert [bar.value() for bar in bars] == [0, 0, 0] and all(bar.maximum() for bar in bars)
    bars[0].triggerAction(bars[0].SliderAction.SliderPageStepAdd)
    assert bars[0].value() and all(bar.value() for bar in bars[1:])
    workspace.resize(1700, 900)
    wait_for_layout()
    assert all(bar.value() for bar in bars)
    bars[2].triggerAction(bars[2].SliderAction.SliderToMinimum)
    assert [bar.value() for bar in bars] == [0, 0, 0]


@pytest.mark.parametrize("text", ["", "\x00\x1b[31m<script>", "\u202eabc"])
def test_hostile_prompts_and_texts_are_plain_text(tab, text: str) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace.do("run")
    start, *rest = comparison(n_prompts=1)
    evil = replace(start.prompts[0], turns=(text,), category=text)  # type: ignore[attr-defined]
    rest = [replace(e, text=text, rounds=()) if isinstance(e, GenerationMeasured) else e for e in rest]
    say(replace(start, prompts=(evil,)), *rest)
    assert "\x1b" not in workspace.texts.prompt.text() + workspace.texts.turns.currentText()
    assert "\u202e" not in workspace.texts.prompt.text() + workspace.texts.turns.currentText()


def test_texts_of_a_kept_comparison_are_rated_blind(tab, qtbot) -> None:  # type: ignore[no-untyped-def]
    events = list(comparison(n_prompts=2))
    for place, event in enumerate(events):
        if isinstance(event, GenerationMeasured) and event.lane == SMALL.name:
            events[place] = replace(event, ids=(900, *event.ids[1:]), text=f"other {event.text}")
    _, _, workspace, say = tab
    workspace.do("run")
    say(*events)
    rate = workspace.recommendation.rate
    kept.keep(paths.runs(), events)
    workspace.recommendation.refresh()
    assert rate.isEnabled(), rate.toolTip()
    rate.click()
    dialog = workspace.rating.dialog
    qtbot.waitUntil(lambda: not dialog.busy)
    dialog.choice.second.setCurrentIndex(dialog.choice.second.findData(SMALL.name))
    dialog.choice.second.activated.emit(dialog.choice.second.currentIndex())
    dialog.start.click()
    QTest.keyClick(dialog.pair.left, Qt.Key.Key_0)
    dialog.shut_down()
    workspace.texts.refresh()
    assert "both bad 1" in workspace.texts.rated.text() and not workspace.texts.rated.isHidden()
    record = read_record(trace.read(workspace._comparing.record.kept_in).events, Path("trace.jsonl"))
    assert [rating.verdict for rating in record.ratings] == ["both_bad"]


def test_a_comparison_without_differences_has_nothing_to_rate(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    assert "nothing is measured" in workspace.recommendation.rate.toolTip()
    workspace.do("run")
    say(*comparison(n_prompts=1))
    assert not workspace.recommendation.rate.isEnabled()
    assert "no text differs" in workspace.recommendation.rate.toolTip()
