"""The page that explains the screen: its numbers are those of the run, and foreign text stays plain."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.panels.explain import ExplainDialog, ExplainPanel
from app.panels.stream.legend import LegendEntry
from app.state.selection import Selection
from app.state.store import RunStore
from app.words.explanations import Section, explain
from engine.events import Compared, Event, RoundFinished, RunFinished, RunStarted
from engine.runs.summary import Summary, fold
from tests.app.factory import FakeHost, a_round, blocks, started, whole_run


def of(events: list[Event], chosen: int | None = None) -> dict[str, str]:
    """What is said under each name."""
    summary = Summary()
    for event in events:
        summary = fold(summary, event)
    rounds = [event for event in events if isinstance(event, RoundFinished)]
    first = events[0] if events else None
    sections = explain(
        summary, first if isinstance(first, RunStarted) else None, None if chosen is None else rounds[chosen]
    )
    return said(sections)


def said(sections: tuple[Section, ...]) -> dict[str, str]:
    return {f"{section.title}/{entry.name}": entry.words for section in sections for entry in section.entries}


def test_acceptance_is_told_with_its_counts() -> None:
    told = of(whole_run())["Figures/α, acceptance rate"]
    assert told.startswith("0.75: ")
    assert "of 4 tested tokens 3 were accepted" in told


def test_marks_are_told_with_how_often_they_occurred() -> None:
    told = of(whole_run())
    assert "3 of 4 tested tokens" in told["Marks in the text/accepted"]
    assert "1 so far" in told["Marks in the text/rejected"]
    assert "1 so far" in told["Marks in the text/untested"]


def test_the_selected_round_is_told_token_by_token() -> None:
    told = of([started(), a_round(0, [" a", " time"], [" twice", " ran"], " again")], 0)[
        "What happens/The selected round"
    ]
    assert told.startswith("Round 1 proposed 4 and accepted 2. “·twice” was rejected")
    assert "p = 0.60" in told
    assert "q = 0.80" in told
    assert "the draw was 0.40 and would have had to be below 0.75" in told
    assert told.endswith("The correction is “·again”.")


def test_a_round_without_rejection_ends_with_a_bonus() -> None:
    told = of([started(), a_round(0, [" a"], (), " b")], 0)["What happens/The selected round"]
    assert told == "Round 1 proposed 1 and accepted 1. Nothing was rejected, so the target added “·b” as a bonus."


def test_the_speedup_is_told_with_both_times_and_what_made_it() -> None:
    told = of(whole_run())
    assert told["Does it pay?/Measured speedup"].startswith(
        "2.00× (2.00 to 2.00 over 3 repeats): 10.0 ms per token of plain decoding over 5.00 ms"
    )
    assert "drafting pays" in told["Does it pay?/Measured speedup"]
    assert "A drafter step costs 0.25 of a target step" in told["Does it pay?/Why"]
    assert "drafting 4 tokens pays from α = 0." in told["Does it pay?/Why"]


def test_drafting_that_costs_time_is_called_so() -> None:
    slow = [msgspec.structs.replace(b, decode_ms=80.0) if b.lane == "speculative" else b for b in blocks()]
    told = of([started(), a_round(0, [" a"]), *slow])
    assert "; slower here, drafting costs" in told["Does it pay?/Measured speedup"]


def test_one_pair_is_called_one_pair() -> None:
    told = of([started(), a_round(0, [" a"]), *blocks(1)])
    assert "medians of one repeat" in told["Does it pay?/Measured speedup"]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([started(), a_round(0, [" a"])], "Plain decoding is measured after the text."),
        ([started(settings={"baseline": False}), a_round(0, [" a"])], "was not measured in this run"),
        ([started(), a_round(0, [" a"]), RunFinished("cancelled", 2)], "was not measured in this run"),
    ],
)
@pytest.mark.parametrize("entry", ["Does it pay?/Measured speedup", "Plots/Speed"])
def test_only_what_will_come_is_promised(events: list[Event], said: str, entry: str) -> None:
    assert said in of(events)[entry]


def test_the_lines_of_the_speed_plot_are_told_apart() -> None:
    told = of(whole_run())["Plots/Speed"]
    assert "Solid: tokens a second of the first pass, which wrote the text, now 345." in told
    assert "with drafting, 200; dotted: of plain decoding, 100." in told


def test_every_mark_and_figure_on_the_screen_is_told() -> None:
    told = of(whole_run())
    for name in ("prompt", "X-ray bars (X)", "Tinted ground and frame", "Search frame"):
        assert told[f"Marks in the text/{name}"]
    assert told["Figures/Plain, per token"].startswith("10.0 ms")
    assert told["Figures/tokens/s"].startswith("200 new tokens a second")
    assert "tick" in told["Marks in the text/undrafted"]


def test_a_difference_names_its_token() -> None:
    told = of([started(), Compared(False, 17, 0.1)])
    assert told["Does it pay?/Is the text the same?"].startswith("No: token 17 is the first")


def test_plain_decoding_is_told_as_such() -> None:
    told = of([started(method="plain"), a_round(0, ())], 0)
    assert "This run is plain decoding" in told["What happens/Draft and verify"]
    assert "nothing was proposed" in told["What happens/The selected round"]
    assert "yardstick" in told["Does it pay?/Measured speedup"]


def test_without_a_run_it_says_what_will_be_there() -> None:
    told = of([])
    assert "Press Run" in told["What happens/Draft and verify"]
    assert all(told.values())


@pytest.mark.parametrize("events", [[], whole_run(), [started(method="plain"), a_round(0, ())]])
def test_sections_and_entries_are_the_same_whatever_the_run(events: list[Event]) -> None:
    assert list(of(events)) == list(of([]))


@pytest.mark.parametrize("text", ["<b>x</b>", "\u202egnp.exe", "a" * 1_000_000, "{0} {x}"])
def test_hostile_text_is_short_and_cannot_act(text: str) -> None:
    run = [msgspec.structs.replace(started(), target=text, drafter=text), a_round(0, [text], [text], text)]
    told = of(run, 0)
    assert all(len(words) < 700 and "\u202e" not in words for words in told.values())


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[ExplainPanel]:
    store = RunStore()
    store.attach(FakeHost())
    made = ExplainPanel(store)
    qtbot.addWidget(made)
    made.resize(500, 600)
    made.show()
    yield made
    store.close()


@pytest.fixture
def feed(panel: ExplainPanel) -> Callable[..., None]:
    def take(*events: Event) -> None:
        for event in events:
            panel.store.take(event)
        panel.store.changed.emit()
        panel.refresh()

    return take


def test_the_page_follows_run_and_selection(panel: ExplainPanel, feed: Callable[..., None]) -> None:
    assert any("Press Run" in text for text in panel.texts())
    feed(*whole_run())
    assert any("of 4 tested tokens 3 were accepted" in text for text in panel.texts())
    panel.store.select(Selection(0, None))
    panel.refresh()
    assert any(text.startswith("Round 1 proposed 4") for text in panel.texts())


def test_each_mark_stands_with_its_own_cue(panel: ExplainPanel) -> None:
    assert len(panel.findChildren(LegendEntry)) == 7


def test_every_label_is_plain_and_none_widens_the_page(panel: ExplainPanel, feed: Callable[..., None]) -> None:
    feed(started(), a_round(0, ["<b>" + "x" * 500], ["<i>y</i>"], "\u202e"))
    panel.store.select(Selection(0, None))
    panel.refresh()
    labels = panel.findChildren(QLabel)
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)
    assert panel.area.widget().minimumSizeHint().width() < 400


def test_the_window_of_the_page_leaves_the_other_usable(qtbot: QtBot, panel: ExplainPanel) -> None:
    dialog = ExplainDialog(panel.store, panel)
    dialog.show_beside()
    assert dialog.isVisible()
    assert not dialog.isModal()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_block_is_told_as_judged_together() -> None:
    event = a_round(0, [" a"], [" twice", " ran"], " again")
    proposed = tuple(msgspec.structs.replace(token, prefix_prob=0.5) for token in event.proposed)
    told = of([started(), msgspec.structs.replace(event, proposed=proposed)], 0)
    assert "no later draw of the block was below" in told["What happens/The selected round"]
    assert "1 of 3 proposed tokens" in told["Marks in the text/accepted"]
    assert "judged together" in told["Figures/α, acceptance rate"]
    assert told["Figures/α, acceptance rate"].startswith("0.70")
