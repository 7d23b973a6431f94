"""A sweep in the tab: begun, stopped, continued, fitted; its plot and map, and the setting for a budget."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt

from app.workspaces.decode.event_words import describe
from app.workspaces.scaling import frontier, grid_choice, sweep_words
from app.workspaces.scaling.grid_choice import read_axis
from app.workspaces.scaling.heat_map import known_cells, painted
from app.workspaces.scaling.methods import EXAMPLES, method_of
from app.workspaces.scaling.sweeping import SweepProgress
from engine.commands import FitAllocation, SweepAllocations
from engine.errors import InputError
from engine.events import Allocation, Progressed, Refused
from engine.runs.trace import Trace
from tests.app.factory import MODEL
from tests.scaled_answers import SWEPT, cell, fitted, sweep_estimated, sweep_measured, sweep_started


def test_a_grid_is_swept_with_the_settings_of_the_answer(tab) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, say = tab
    form = workspace.sweeping
    form.ks.setText("0; 2 5")
    form.ms.setText("1")
    form.ns.setText("1,3")
    form.minutes.setValue(2.5)
    form.kinds.choose("bridge,comparison")
    workspace.setup.form.set_values({"gamma": 3})
    assert "40 questions asked in each of 7 cells: 280 answers" in form.state.text()
    form.run.click()
    say(MODEL)
    command = next(each for each in host.submitted if isinstance(each, SweepAllocations))
    assert (command.ks, command.ms, command.ns, command.minutes) == ((0, 2, 5), (1,), (1, 3), 2.5)
    assert command.settings["gamma"] == 3 and not {"k", "m", "n", "index"} & set(command.settings)
    assert command.options["questions"] == 40 and command.index == ""
    assert command.options["kinds"] == "bridge,comparison" and "scaling" not in command.options


@pytest.mark.parametrize("text", ["", "none", "-1", "1.5", "5000", ", ".join(map(str, range(20)))])
def test_a_line_that_is_no_axis_is_refused_with_the_reason(tab, text: str) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, _ = tab
    n_before = len(host.submitted)
    workspace.sweeping.ks.setText(text)
    assert not workspace.sweeping.run.isEnabled() and "documents k" in workspace.sweeping.state.text()
    workspace.sweep()
    assert len(host.submitted) == n_before
    with pytest.raises(InputError, match="documents k"):
        read_axis(text, least=0, most=grid_choice.MOST_K, name="documents k")


def test_a_grid_of_too_many_cells_is_refused_before_it_is_swept(tab) -> None:  # type: ignore[no-untyped-def]
    form = tab[2].sweeping
    for line in (form.ks, form.ms, form.ns):
        line.setText(", ".join(map(str, range(1, 11))))
    assert not form.run.isEnabled() and "combinations, more than 500" in form.state.text()


def test_progress_has_its_count_and_what_the_time_allows(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _, workspace, say = tab
    workspace.sweep()
    say(MODEL)
    say(sweep_started(), sweep_estimated(fits=False), Progressed("measuring", 130, 1600, "questions", 10.0, 60.0))
    text = workspace.sweeping.state.text()
    assert "120 of 1,600 answers" in text and "900 questions within the time" in text and "left" in text
    assert not workspace.sweeping.run.isEnabled() and "a sweep is under way" in workspace.bar.ask.toolTip()


def test_a_stopped_sweep_says_that_it_continues(tab) -> None:  # type: ignore[no-untyped-def]
    _store, _, workspace, say = tab
    workspace.sweep()
    say(MODEL)
    say(sweep_started(), sweep_measured(complete=False))
    assert workspace.sweeping.state.text() == "stopped after 500 answers; start the sweep again to continue"
    assert workspace.fit.cells.rowCount() == len(SWEPT) and "not complete" in workspace.fit.title.text()


def test_a_refused_sweep_keeps_its_answers(tab) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = tab
    workspace.sweep()
    say(MODEL)
    say(sweep_started(), Refused("sweepallocations", "the disk is full", "free some space"))
    assert "the same sweep continues" in store.trouble.kept


def test_a_whole_sweep_is_fitted_and_recommends_for_the_budget(swept) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = swept
    sweep = store.tab(SweepProgress)
    assert isinstance(host.submitted[-1], FitAllocation) and host.submitted[-1].sweep == "/sweeps/world.jsonl"
    assert sweep.fitted is not None and sweep.recommended.max_context <= 4000
    assert "predicted accuracy ." in workspace.budget.advice.text()
    workspace.budget.box.setValue(60)
    say()
    assert "below one document" in workspace.budget.advice.text() or sweep.recommended.max_context <= 60
    workspace.budget.slider.setValue(workspace.budget.slider.maximum())
    say()
    workspace.budget.use.click()
    best = sweep.recommended.allocation
    assert workspace.setup.settings()["k"] == best.k and workspace.setup.method.method.name == "iterdrag"
    assert "beyond what was measured" in workspace.budget.advice.text()


def test_the_plot_has_a_line_for_each_method_and_the_fit(swept) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = swept
    joined = [series for series in workspace.plot.series if series.joined]
    assert [series.key for series in joined] == ["zero_shot", "many_shot", "rag", "drag", "iterdrag", "fit"]
    assert joined[-1].predicted and all(point.reach for series in joined[:-1] for point in series.points)
    workspace.plot._on_stepped(1)
    assert workspace.plot.readout.text().startswith("80: ● 0.12")
    assert "◆ IterDRAG" in workspace.plot.caption.text() and "IterDRAG 10⁶" in workspace.plot.plateau.text()
    assert len(workspace.plot.columns()[0].values) >= len(SWEPT) / 2


def test_the_map_frames_the_best_within_the_budget(swept, qtbot) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, _say = swept
    sweep, canvas = store.tab(SweepProgress), workspace.map.canvas
    best = sweep.recommended.allocation
    ks = sorted({at.k for at in known_cells(sweep) if at.n == best.n})
    assert workspace.map.iterations.currentData() == best.n
    assert canvas.best == (ks.index(best.k), canvas.grid.columns.index(str(best.m)))
    grid = painted(known_cells(sweep), best.n, sweep)
    over = [cell for cell in grid.cells.values() if cell.ways[0].startswith("(")]
    assert over and all(cell.hue == "muted" for cell in over)
    assert not grid.cells[(ks.index(20), 0)].is_measured and "over the budget" in " ".join(grid.readings.values())
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    assert workspace.setup.settings()["k"] == 0
    assert len(workspace.map.table().columns[0].values) == len(SWEPT) + 8


def test_the_map_has_only_rows_and_columns_of_its_own_iterations(tab) -> None:  # type: ignore[no-untyped-def]
    sweep = SweepProgress(tab[0])
    sweep.measured = replace(sweep_measured(), cells=tuple(map(cell, (Allocation(0, 1, 1), Allocation(5, 4, 5)))))
    assert [painted(known_cells(sweep), n, sweep).rows for n in (1, 5)] == [("k 0",), ("k 5",)]


def test_a_picture_of_a_kept_sweep_asks_nothing(swept) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, _ = swept
    n_before = len(host.submitted)
    workspace.settled("scaling")
    assert len(host.submitted) == n_before


def test_a_fit_shows_coefficients_beside_the_papers_and_why_one_is_missing(swept) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, _ = swept
    terms = workspace.fit.terms
    assert terms.item(0, 1).text() == "0.310 [0.260, 0.360]" and terms.item(0, 2).text() == "0.100"
    assert terms.item(4, 1).text() == "all cells have demonstrations"
    assert "R² 0.91, MSE 0.080" in workspace.fit.quality.text() and "R² 0.84" in workspace.fit.quality.text()
    assert len(workspace.fit.plane.spots) == len(SWEPT)
    assert len(workspace.fit.exported_table().columns[3].values) == len(SWEPT)


def test_a_fit_of_another_model_is_marked(swept) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = swept
    say(fitted(stale="another target is loaded"))
    assert "⚠ another target is loaded" in workspace.budget.advice.text()
    assert "another target" in workspace.fit.cautions.text()


def test_another_form_is_fitted_to_the_same_sweep(swept) -> None:  # type: ignore[no-untyped-def]
    _, host, workspace, _ = swept
    workspace.sweeping.form.choose("logit")
    workspace.sweeping.form.activated.emit(1)
    command = host.submitted[-1]
    assert isinstance(command, FitAllocation) and (command.form, command.sweep) == ("logit", "/sweeps/world.jsonl")


def test_a_sweep_is_read_from_its_log(tab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, _, workspace, say = tab
    sweep = store.tab(SweepProgress)
    log = Trace((sweep_started(), sweep_estimated(), sweep_measured()), None)  # type: ignore[arg-type]
    assert sweep.read_log(log, tmp_path) is log and not sweep.show(log, tmp_path / "sweep.jsonl")
    say()
    assert workspace.newly_opened() == "scaling" and workspace.pages.currentIndex() == 1
    assert workspace.fit.cells.rowCount() == len(SWEPT)


def test_every_kind_of_cell_has_its_own_mark() -> None:
    marks = [method_of(each).mark for each in EXAMPLES]
    assert len({mark.glyph for mark in marks}) == len({mark.hue for mark in marks}) == 5


def test_the_frontier_rises_and_a_plateau_is_where_it_no_longer_does() -> None:
    cells = [cell(at) for at in SWEPT]
    best = frontier.frontier(cells, "accuracy")
    scores = [each.accuracy for each in best]
    assert scores == sorted(set(scores)) and best[0].allocation == Allocation(0, 0, 1)
    levelled = [replace(each, accuracy=min(0.5, each.accuracy)) for each in cells]
    first = next(each for each in frontier.frontier(levelled, "accuracy") if each.accuracy == 0.5)
    assert frontier.plateau(cells, "accuracy") is None
    assert frontier.plateau(levelled, "accuracy") == first.mean_context
    assert frontier.plateau(cells[:1], "accuracy") is None and frontier.frontier([], "f1") == []


def test_a_sweep_that_was_begun_anew_says_why(tab) -> None:  # type: ignore[no-untyped-def]
    _, _, workspace, say = tab
    workspace.sweep()
    say(MODEL)
    say(replace(sweep_started(), why_new="another drafter"), sweep_measured())
    say()
    assert workspace.sweeping.state.text().endswith("(begun anew: another drafter)")
    assert sweep_words.outcome(sweep_measured()) == "done: 1,600 answers in 40 cells"


def test_the_log_has_the_end_of_a_sweep_and_its_fit_but_no_answers(swept) -> None:  # type: ignore[no-untyped-def]
    store, _, _, _ = swept
    lines = [describe(note.event) for note in store.notes.since(0) if not isinstance(note.event, str)]
    assert "done: 1,600 answers in 40 cells" in lines and any("R² 0.91" in str(line) for line in lines)
