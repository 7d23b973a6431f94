"""The Scaling tab: a question on its way, its steps, the figures beside it, and what is kept from start to start."""

from pathlib import Path

from msgspec.structs import replace
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication

from app import theme
from app.workspaces.scaling.answers import ScalingProgress
from app.workspaces.scaling.sweeping import SweepProgress
from engine.allocation.prices import TokenPrices
from engine.commands import Run
from engine.events import RunFailed
from tests.app.factory import MODEL
from tests.scaled_answers import (
    BRIDGE,
    GOLD,
    answered,
    demonstrations,
    iterations,
    retrieved,
    scaling_started,
    whole_scaling_answer,
)


def test_it_says_what_will_appear(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = tab
    answer = workspace.answer
    assert "Ask" in answer.tree.empty.text() and not answer.tree.empty.isHidden()
    assert "appears here" in answer.strip.description() and answer.headline.answer.text()
    assert not workspace.plot.words.isHidden() and not workspace.map.words.isHidden()
    assert workspace.budget.advice.text().startswith("no recommendation: there is no sweep of this target.")
    assert workspace.budget.use.text() == "Sweep…"
    workspace.budget.use.click()
    assert workspace.pages.currentIndex() == 1


def test_a_question_is_asked_with_the_chosen_settings(tab) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, say = tab
    workspace.bar.line.setText(f"  {BRIDGE} ")
    workspace.setup.form.set_values({"k": 7, "m": 1, "n": 2})
    workspace.bar.ask.click()
    say(MODEL)
    command = host.submitted[-1]
    assert isinstance(command, Run) and command.method == "iterdrag" and command.request.prompt == BRIDGE
    assert {name: command.settings[name] for name in "kmn"} == {"k": 7, "m": 1, "n": 2}
    workspace.bar.line.setText(" ")
    assert workspace.why_not("run")


def test_the_tree_grows_with_the_answer_and_keeps_its_items(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _, workspace, say = tab
    workspace.do("run")
    say(MODEL)
    say(scaling_started(), demonstrations(), retrieved(), *iterations()[:5])
    tree = workspace.answer.tree.tree
    root = tree.topLevelItem(0)
    assert root.text(0) == f"{BRIDGE}  · 4 documents" and root.childCount() == 1
    first = root.child(0)
    assert [first.text(column) for column in (1, 2, 3, 4)] == ["Maren Oldcastle", ".93", "+2", "1,616"]
    assert first.child(0).text(0) == "▤ Page 10"
    say(*iterations()[5:], answered())
    assert root.child(0) is first and root.childCount() == 4
    assert root.child(3).text(1) == "✓ 1310" and "1310  p .95 · right ✓" in workspace.answer.headline.answer.text()


def test_what_is_out_of_the_ordinary_about_a_step_stands_below_it(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _, workspace, say = tab
    workspace.do("run")
    say(MODEL)
    nothing = replace(retrieved(), passages=(), note="nothing was retrieved for 'x'")
    steps = iterations()
    again = replace(steps[4], documents=(), note="it asked the same again: x")
    say(scaling_started(), nothing, *steps[:4], again)
    root = workspace.answer.tree.tree.topLevelItem(0)
    assert root.text(0) == f"{BRIDGE}  · note: nothing was retrieved for 'x'"
    first = root.child(0)
    assert [first.child(row).text(0) for row in range(first.childCount())] == ["note: it asked the same again: x"]
    assert first.isExpanded()


def test_a_step_is_chosen_by_keys_and_shows_what_is_behind_it(done, qtbot) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = done
    tree, details = workspace.answer.tree.tree, workspace.answer.details
    assert store.tab(ScalingProgress).step is None and tree.currentItem().text(0) == "★ Final answer"
    for _ in range(3):
        qtbot.keyClick(tree, Qt.Key.Key_Up)
    say()
    assert store.tab(ScalingProgress).step == 1
    assert "Page 10" in details.documents.toPlainText() and details.calls.count() == 2
    assert "<b>Page</b>" in details.prompt.text.toPlainText()
    assert "documents 300" in workspace.answer.strip.accessibleDescription()
    assert "Who mapped the river" in details.demonstrations.toPlainText()
    workspace.do("run")
    assert store.tab(ScalingProgress).step == 1


def test_every_part_of_the_context_has_a_pattern_of_its_own(done) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = done
    strip = workspace.answer.strip
    parts = strip.parts()
    assert [part.name.split()[0] for part in parts] == ["task", "demonstrations", "documents", "question", "steps"]
    assert len({part.pattern for part in parts}) == 5 and parts[-1].end < 1
    assert strip.description().startswith("Context: 1,100 of 2,048 tokens")
    for width in (1200, 200):
        strip.resize(width, strip.height())
        assert not strip.grab().isNull()


def test_systems_stand_beside_standard_rag_and_the_known_answer(done) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = done
    table = workspace.answer.systems.table
    rows = [[table.item(row, column).text() for column in range(6)] for row in range(table.rowCount())]
    assert rows[0] == ["IterDRAG", "✓ 1310", ".95", "6,774", "7", "450 ms"]
    assert rows[1][:2] == ["standard RAG", "✗ 1742"]
    assert workspace.answer.systems.known.text() == f"Known to be right: {GOLD}"


def test_costs_follow_the_budget_and_the_prices_in_either_spelling(done, qtbot) -> None:  # type: ignore[no-untyped-def]
    _store, _, workspace, say = done
    figures = workspace.answer.figures
    values = lambda: {figures.table.item(row, 0).text(): figures.table.item(row, 1).text() for row in range(7)}  # noqa: E731
    assert values()["Effective context length"] == "6,774" and values()["Cost"] == "—"
    workspace.budget.box.setValue(10_000)
    say()
    assert values()["Budget used"] == "68%"
    figures.read.lineEdit().setText("2,5")
    figures.read.interpretText()
    say()
    assert figures.prices == TokenPrices(2.5, 0.0) and values()["Cost"] == "0.016935"


def test_an_answer_is_replayed_from_its_first_step(done) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, _say = done
    assert not workspace.why_not("replay")
    workspace.do("replay")
    progress = store.tab(ScalingProgress)
    assert progress.replay.playing and progress.history.n_visible < len(progress.history.shown.events)
    workspace.do("replay")
    assert not progress.replay.playing


def test_a_saved_answer_opens_with_its_question_and_settings(done, tmp_path: Path, qtbot) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, _say = done
    file = tmp_path / "answer.jsonl"
    store.save_trace(file, workspace.shown_record)
    qtbot.waitUntil(lambda: (store.pump(), file.exists() and not store.writing)[1])
    workspace.setup.form.set_values({"k": 9})
    workspace.bar.line.setText("another")
    store.open_trace(file)
    qtbot.waitUntil(lambda: (store.pump(), not store.reading)[1])
    assert workspace.newly_opened() == "scaling" and workspace.newly_opened() == ""
    assert workspace.bar.text() == BRIDGE and workspace.setup.settings()["k"] == 4
    workspace.setup.opened.back_asked.emit()
    assert workspace.setup.settings()["k"] == 9


def test_a_failed_answer_says_why_and_keeps_its_steps(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace.do("run")
    say(MODEL)
    say(scaling_started(), retrieved(), *iterations()[:5], RunFailed("the device is <b>full</b>", "use fewer", ""))
    assert workspace.answer.headline.answer.text() == "no answer: the device is <b>full</b>"
    assert workspace.answer.tree.tree.topLevelItem(0).childCount() == 1


def test_hostile_text_stays_text(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace.do("run")
    say(MODEL)
    events = [replace(event, follow_up="<img src=x>\x1b[31m\n") if hasattr(event, "follow_up") else event
              for event in whole_scaling_answer()]  # fmt: skip
    say(*events)
    item = workspace.answer.tree.tree.topLevelItem(0).child(0)
    assert "\n" not in item.text(0) and "\x1b" not in item.text(0) and "<img src=x>" in item.text(0)
    assert "<img" not in item.toolTip(0)


def test_choices_come_back(done, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, _say = done
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    workspace.setup.form.set_values({"k": 3, "m": 0})
    workspace.budget.box.setValue(1234)
    workspace.sweeping.ks.setText("0, 3")
    workspace.answer.figures.set_prices(TokenPrices(1.5, 6.0))
    workspace.save(settings)
    for name, value in (("k", 8), ("m", 8)):
        workspace.setup.form.set_values({name: value})
    workspace.budget.box.setValue(99)
    workspace.sweeping.ks.setText("1")
    workspace.answer.figures.set_prices(TokenPrices(0, 0))
    settings.setValue("scaling/price_output", "nonsense")
    workspace.restore(settings)
    assert (workspace.setup.settings()["k"], workspace.setup.settings()["m"]) == (3, 0)
    assert store.tab(SweepProgress).budget == 1234 and workspace.sweeping.ks.text() == "0, 3"
    assert workspace.answer.figures.prices == TokenPrices(1.5, 0.0)


def test_systems_and_steps_are_copied(done) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = done
    action = next(each for each in workspace.answer.systems.table.actions() if "Copy" in each.text())
    action.trigger()
    assert "IterDRAG,✓ 1310" in QGuiApplication.clipboard().text()
    workspace.answer.tree.copy.trigger()
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0] == "step,answer,p,docs,read,cached,time" and len(copied) == 6 and "Maren Oldcastle" in copied[2]


def test_it_paints_in_both_schemes(done, qapp) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = done
    light = workspace.grab().toImage()
    theme.apply(qapp, "dark")
    assert workspace.grab().toImage() != light
    theme.apply(qapp, "light")


def test_a_preset_is_reduced_to_the_budget(tab) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, _ = tab
    small, _, large = workspace.budget.presets.menu().actions()
    assert "6,208 tokens by the article's formula, 25,920 tokens by the paper's structure" in small.toolTip()
    workspace.budget.box.setValue(4000)
    small.trigger()
    assert workspace.setup.settings()["k"] == 7 and workspace.setup.settings()["m"] == 0
    assert store.told == "k 7 m 0 n 1 chosen: k 10 m 4 n 1 was asked for, more than 4,000 tokens"
    workspace.budget.box.setValue(50)
    large.trigger()
    assert "use a larger budget" in store.trouble.hint
