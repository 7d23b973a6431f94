"""The log: which events get a line, what it says, and that it stays bounded and plain."""

import re

import pytest
from pytestqt.qtbot import QtBot

from app.state.store import RunStore
from app.workspaces.decode.event_words import describe
from app.workspaces.decode.log import MOST_LINES, LogLine, LogPanel
from engine.events import (
    BlockFinished,
    CheckpointSaved,
    Compared,
    ConversionStarted,
    Event,
    FileSkipped,
    LaneRefused,
    LaneSpec,
    Measured,
    ModelLoaded,
    Progressed,
    RaceFinished,
    RaceStarted,
    Refused,
    RunFailed,
    RunFinished,
    TrainingStarted,
)
from tests.app.factory import FakeHost, a_round, started, whole_run
from tests.comparisons import FOREIGN, comparison


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            started("ab12"),
            "run ab12 started: speculative, built-in target (7.9 M) with built-in drafter (0.42 M), "
            "gamma 4, temperature 0.0",
        ),
        (
            ModelLoaded("builtin", "small", "cpu", "float32", 2048, 32_000_000, 9_000_000, 0.2),
            "loaded built-in target (7.9 M) and small in 0.2 s: 41 MB on cpu, float32, 2,048 tokens of context",
        ),
        (
            ModelLoaded(
                "builtin",
                "small",
                "cpu",
                "float32",
                2048,
                32_000_000,
                9_000_000,
                0.2,
                drafts_through="text",
                shared_tokens=1_200,
                drafter_tokens=4_000,
            ),
            "loaded built-in target (7.9 M) and small in 0.2 s: 41 MB on cpu, float32, 2,048 tokens of context; other "
            "tokenizer: drafts through text, 1,200 of 4,000 of the drafter's tokens are the target's too",
        ),
        (
            BlockFinished("plain", 0, (1, 2), 1.0, 20.0, 9.0, 4.0),
            "plain block of pair 1 finished: 2 tokens, 10.0 ms per token",
        ),
        (
            BlockFinished("speculative", 0, (1, 2), 1.0, 20.0, 9.0, 4.0, paired=False),
            "text finished: 2 tokens, 10.0 ms per token",
        ),
        (FileSkipped("a.pdf", "is encrypted"), "skipped a.pdf: is encrypted"),
        (Compared(True, None, None), "compared with plain decoding: the same tokens"),
        (Compared(False, 17, None), "compared with plain decoding: differs at token 17"),
        (RunFinished("cancelled", 5), "run finished: 5 tokens, stopped"),
        (RunFailed("no room", "make some"), "failed: no room; make some"),
        (Refused("load", "no such folder", "check the path"), "refused (load): no such folder; check the path"),
        (Progressed("measuring", 10, 10, "blocks"), "measuring complete: 10 blocks"),
    ],
)
def test_an_event_is_said_in_words(event: Event, said: str) -> None:
    assert describe(event) == said


def test_comparisons_and_races_are_in_the_log() -> None:
    start, *_, end = comparison(refused=(FOREIGN,))
    lane, spec = LaneRefused("x γ 4", "another vocabulary", "choose another"), LaneSpec("x γ 4", "x", 4)
    race = RaceStarted("builtin", (LaneSpec("plain", "none", 0), spec), "a prompt", (), (), "cpu", "float32")
    said = [describe(event) for event in (start, lane, end, race, RaceFinished("length", (("x γ 4", False),)))]
    assert said[0] is not None and "lanes on built-in target" in said[0] and "4 prompts of" in said[0]
    assert said[1] == "x γ 4 cannot take part: another vocabulary; choose another"
    assert said[2] is not None and said[2].startswith("compared over 4 of 4 prompts")
    assert said[3:] == [
        "race started: plain decoding, x γ 4", "race finished: other text than plain decoding in x γ 4"
    ]  # fmt: skip
    assert describe(RaceFinished("length", (("x γ 4", True),))) == "race finished: the same text in every lane"
    assert describe(RaceFinished("cancelled")) == "race stopped"


def test_a_conversion_says_what_it_takes() -> None:
    line = describe(ConversionStarted("/models/m.gguf", "/cache", "float32", 500_000_000, 2_000_000_000, 23.0))
    assert line is not None
    assert line.startswith("m.gguf: a GGUF file, converted once") and "about 23 s" in line and "500 MB" in line


@pytest.mark.parametrize(
    "event",
    [a_round(0, [" a"]), Measured("x", 1.0, 0), Progressed("loading", 1, 4, "bytes")],
)
def test_what_comes_every_round_gets_no_line(event: Event) -> None:
    assert describe(event) is None


@pytest.mark.parametrize("text", ["<b>x</b>\n<i>y</i>", "\u202egnp.exe", "a" * 1_000_000])
def test_hostile_text_is_one_short_line(text: str) -> None:
    for event in (RunFailed(text, text), Refused(text, text, text), started(text)):
        line = describe(event)
        assert line is not None
        assert len(line) < 500
        assert "\n" not in line
        assert "\u202e" not in line


@pytest.fixture
def panel(qtbot: QtBot) -> LogPanel:
    store = RunStore()
    store.attach(FakeHost())
    made = LogPanel(store)
    qtbot.addWidget(made)
    made.show()
    yield made
    store.close()


def feed(panel: LogPanel, *events: Event) -> None:
    for event in events:
        panel.store.take(event)
    panel.store.changed.emit()
    panel.refresh()


def test_lines_come_in_order_with_the_time_of_day(panel: LogPanel) -> None:
    feed(panel, *whole_run("r1"))
    lines = panel.text.toPlainText().splitlines()
    assert re.match(r"\d\d:\d\d:\d\d  run r1 started", lines[0])
    assert lines[1].endswith("  prefill done: 1 token in 12.0 ms")
    assert lines[-1].endswith("  run finished: 5 tokens, length reached")


def test_another_run_leaves_the_lines_before_it(panel: LogPanel) -> None:
    feed(panel, *whole_run("r1"))
    feed(panel, started("r2"))
    text = panel.text.toPlainText()
    assert text.index("run r1 started") < text.index("run r2 started")


def test_the_log_is_bounded_and_keeps_the_newest(panel: LogPanel) -> None:
    panel.append_lines(LogLine("", f"line {number}") for number in range(MOST_LINES + 500))
    lines = panel.text.toPlainText().splitlines()
    assert len(lines) == MOST_LINES
    assert lines[-1] == f"line {MOST_LINES + 499}"


def test_lines_are_plain_text_that_can_be_copied(panel: LogPanel) -> None:
    panel.append_lines([LogLine("12:00:00", "<b>x</b>")])
    assert panel.text.toPlainText() == "12:00:00  <b>x</b>"
    assert panel.text.isReadOnly()


def test_training_is_told_in_the_log() -> None:
    began = TrainingStarted("builtin", "/d", "forward-kl", 2, 96, 1000, 54, 6, 9000, 40, 0, "cpu", "float32")
    assert "54 texts" in (describe(began) or "")
    assert describe(CheckpointSaved(3)) is None
