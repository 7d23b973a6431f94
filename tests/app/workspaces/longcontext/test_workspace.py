"""The tab as a whole: Measure, Run on the document, Stop, what the headline says, the strip, opened files, choices."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app.state.selection import Selection
from app.workspaces.longcontext.record import LengthPick
from app.workspaces.longcontext.state import LengthProgress
from app.workspaces.longcontext.workspace import LongContextWorkspace
from engine.commands import MeasureLengths, ReadText, Run
from engine.events import Progressed, Refused, RunFinished
from engine.runs.trace import TraceWriter
from tests.app.factory import MODEL, a_round, started, text_done
from tests.lengths import measurement
from tests.lengths import started as lengths_started


def of_kind(host, kind):  # type: ignore[no-untyped-def]
    return [command for command in host.submitted if isinstance(command, kind)]


def test_idle_it_says_what_measure_and_run_will_do(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    say()
    assert workspace.headline.headline.text() == "What does the length of a text do to speculation?"
    assert workspace.headline.course.text().startswith("Measure: 4 drafters and plain decoding write 128 tokens")
    assert all(plot.words.isVisibleTo(workspace) and plot.words.text() for plot in workspace.plots)
    assert not workspace.holds("long-context") and workspace.explained()


def test_measure_asks_for_what_is_chosen(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, say = tab
    workspace.setup.lengths.setText("64, 128")
    workspace.setup.drafters.check(("lookup",))
    workspace.setup.measuring.set_values({"repeats": 2, "window": 32})
    workspace.bar.measure.click()
    (command,) = of_kind(host, MeasureLengths)
    assert (command.lengths, command.drafters, command.repeats, command.window) == ((64, 128), ("lookup",), 2, 32)
    assert not workspace.bar.measure.isEnabled() and workspace.bar.stop.isEnabled()
    say(lengths_started(), Progressed("measuring", 1, 12, "combinations", 3.0))
    assert "measuring: 0 of 15 combinations" in workspace.headline.course.text()
    assert workspace.table.model.rowCount() == 15


def test_a_reason_against_measuring_is_shown(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, _ = tab
    workspace.setup.lengths.setText("many")
    assert "length many is not a number of tokens" in workspace.headline.course.text()
    assert not workspace.bar.measure.isEnabled() and "many" in workspace.bar.measure.toolTip()
    workspace.measure()
    assert not of_kind(host, MeasureLengths)


def test_a_picture_of_a_kept_measurement_runs_nothing(measured) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, _ = measured
    n_before = len(host.submitted)
    workspace.settled("long-context")
    assert len(host.submitted) == n_before


def test_the_headline_says_what_length_does_and_losses_loudly(measured) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = measured
    text = workspace.headline.headline.text()
    assert text.startswith("At 7,500 tokens: ◆ longspec 1.90× (1.80 to 2.00), ■ built-in drafter (window 512) 1.50×")
    assert text.endswith("▲ built-in drafter 0.93× (slower)")
    assert "◆ longspec: τ 3.78 → 3.64, K/V 1 MB at any length" in workspace.headline.course.text()
    assert workspace.reported == measurement()
    assert "speed drifted" in workspace.headline.warning.text() and "left out" in workspace.headline.warning.text()


def test_every_panel_shows_the_figures_in_the_drafters_marks(measured) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = measured
    memory = workspace.plots[0]
    assert [own.title for own in memory.series[:2]] == ["● plain decoding target predicted", "● plain decoding target"]
    assert all(own.points for plot in workspace.plots for own in plot.series)
    assert {own.mark.glyph for own in workspace.plots[1].series} == {"▲", "■", "◆", "▼"}
    assert len(memory.columns()) == 1 + len(memory.series)
    assert "7,500: " in str(memory.reading(2)) and memory.reading(9) is None
    workspace.table.table.selectRow(1)
    say()
    assert store.tab(LengthProgress).chosen == LengthPick(512, "builtin")


def test_a_combination_that_was_refused_says_why_as_plain_text(measured) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = measured
    model = workspace.table.model
    row = model.row_of(LengthPick(7500, "lookup"))
    assert "why not: the context of <b>builtin</b> is 2,048" in [
        model.index(row, place).data() for place in range(model.columnCount())
    ]
    model.sort(2)
    assert [model.row_at(place).pick.drafter for place in range(2)] == ["builtin", "none"]


def test_attention_kernels_that_cannot_be_used_are_grey_with_the_reason(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    box = workspace.setup.attention
    items = {box.itemData(place): box.model().item(place) for place in range(box.count())}
    assert not items["cudnn"].isEnabled() and "CUDA only" in items["cudnn"].toolTip()
    assert items["math"].isEnabled()
    workspace.measure()
    say(*measurement())
    assert not items["cudnn"].isEnabled()
    assert not items["flash-attn"].isEnabled() and "is not installed" in items["flash-attn"].toolTip()
    assert not items["math"].isEnabled() and "not equal" in items["math"].toolTip()
    assert items["eager"].isEnabled() and "equal" in items["eager"].toolTip()


def test_a_stopped_measurement_keeps_its_figures(tab) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = tab
    workspace.measure()
    say(*measurement(n_done=4))
    workspace.context.verbs.do("stop")
    assert host.n_cancelled
    say(Refused("measurelengths", "stopped by the user", "the lengths measured so far are kept"))
    assert not store.may_start() and "Stopped; kept: 4 combinations" in workspace.headline.course.text()
    assert workspace.headline.headline.text().startswith("At 512 tokens")


def test_the_document_is_read_and_shown_on_the_strip(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, say = tab
    question = of_kind(host, ReadText)[-1]
    assert (question.text, question.part, question.length, question.n_new) == ("builtin", "start", 0, 128)
    facts = workspace.strip.facts
    assert (facts.title, facts.n_all, facts.first, facts.last) == ("<b>Book</b>", 9000, 0, 1920)
    assert "the first 1,920 are read, 7,080 are cut off" in workspace.strip.description()
    assert workspace.setup.document.note.text() == "<b>Book</b>, 9,000 tokens"
    workspace.setup.document.part.choose("end")
    say()
    assert of_kind(host, ReadText)[-1].part == "end"
    assert (workspace.strip.facts.first, workspace.strip.facts.last) == (7080, 9000)
    workspace.setup.document.choose("/books/mine.pdf")
    workspace.setup.document.pages.setText("3-7")
    workspace.setup.document.n_read.setValue(700)
    say()
    question = of_kind(host, ReadText)[-1]
    assert (question.text, question.pages, question.length) == ("/books/mine.pdf", "3-7", 700)
    assert workspace.strip.facts.title == "<b>Book</b>, pages 3-7"


def test_run_writes_on_from_the_document(tab) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = tab
    workspace.setup.form.set_values({"tree": "4,8", "max_new_tokens": 32})
    say()
    workspace.do("run")
    (run,) = of_kind(host, Run)
    assert run.settings["tree"] == "4,8" and len(run.request.prompt_ids) == 2016
    say(started(pieces=[" w"] * 2016), a_round(0, [" a"], [" b"], " c"))
    assert workspace.strip.facts.n_new == 2 and workspace.strip.facts.n_all == 9000
    assert "position 2,018" in workspace.strip.description()
    say(text_done(), RunFinished("length", 2))
    store.select(Selection(0, 1))
    workspace.pages.setCurrentIndex(2)
    say()
    assert workspace.tree.canvas.current == 1
    workspace.setup.document.part.choose("end")
    say()
    assert workspace.strip.facts.n_new == 0


def test_run_loads_another_target_first_and_reads_with_it(tab) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = tab
    workspace.setup.models.choose("/models/other", "lookup")
    say()
    assert workspace.strip.facts.n_all == 0 and "once the target is loaded" in workspace.setup.document.note.text()
    workspace.do("run")
    assert store.commands.front.target == "/models/other" and not of_kind(host, Run)
    say(replace(MODEL, target="/models/other", drafter="lookup"))
    say()
    say()
    assert len(of_kind(host, Run)) == 1


def test_a_load_that_is_refused_runs_nothing(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, say = tab
    workspace.setup.models.choose("/models/other", "lookup")
    say()
    workspace.do("run")
    say(Refused("load", "there is no model", "choose another"))
    workspace.setup.models.choose("builtin", "lookup")
    say()
    say()
    assert not of_kind(host, Run)


def test_what_cannot_be_read_is_a_reason_and_not_a_run(tab) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = tab
    box = workspace.setup.document
    box.pages.setText("x-7")
    assert "no page range" in workspace.why_not("run") and box.note.text().startswith("⚠")
    box.pages.setText("")
    host.submit = host.submitted.append
    box.choose("/books/<i>absent.txt")
    say(Refused("readtext", "there is no file <i>absent.txt", "check the path"))
    assert workspace.why_not("run") == "there is no file <i>absent.txt" and store.trouble is None
    assert "⚠ there is no file <i>absent.txt" in box.note.text()
    assert workspace.strip.description() == box.note.text()
    workspace.setup.form.set_values({"tree": "wide"})
    assert workspace.why_not("run") and not of_kind(host, Run)


def test_a_log_opens_in_the_tab(tab, qtbot: QtBot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = tab
    path = tmp_path / "trace.jsonl"
    writer = TraceWriter(path)
    for event in (_work_started(), *measurement()):
        writer.write(event)
    writer.close()
    store.open_trace(path)
    qtbot.waitUntil(lambda: store.tab(LengthProgress).record.source is not None, timeout=20_000)
    say()
    assert (workspace.newly_opened(), workspace.newly_opened()) == ("long-context", "")
    assert workspace.headline.headline.text().startswith("At 7,500 tokens") and workspace.holds("long-context")


def _work_started():  # type: ignore[no-untyped-def]
    from engine.events import WorkStarted

    return WorkStarted("w1", "measurement", "2026-11-29T10:00:00Z", "lengths", "builtin", "", (), "cpu", "float32")


def test_choices_are_kept_between_sessions(tab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = tab
    settings = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    workspace.setup.lengths.setText("64")
    workspace.setup.drafters.check(("lookup", "window:builtin"))
    workspace.setup.attention.choose("eager")
    workspace.setup.document.n_read.setValue(700)
    workspace.setup.document.part.choose("end")
    workspace.setup.form.set_values({"tree": "2,2"})
    workspace.setup.measuring.set_values({"sinks": 2})
    workspace.pages.setCurrentIndex(2)
    workspace.save(settings)
    again = LongContextWorkspace(workspace.context)
    again.restore(settings)
    choice = again.setup.choice()
    assert (choice.lengths, choice.attention, choice.n_read, choice.part, choice.sinks) == (
        "64",
        "eager",
        700,
        "end",
        2,
    )
    assert set(again.setup.drafters.checked()) == {"lookup", "window:builtin"} and choice.settings["tree"] == "2,2"
    assert again.pages.currentIndex() == 2
    again.deleteLater()


@pytest.mark.parametrize("page", ["-1", "99", "x", ""])
def test_nonsense_in_the_settings_changes_nothing(tab, tmp_path: Path, page: str) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = tab
    settings = QSettings(str(tmp_path / "kept.ini"), QSettings.Format.IniFormat)
    for name in ("page", "n_read", "part", "attention", "repeats"):
        settings.setValue(f"long-context/{name}", page)
    workspace.restore(settings)
    assert workspace.setup.choice().part == "start" and workspace.setup.choice().attention == "auto"
