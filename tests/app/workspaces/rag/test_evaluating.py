"""An evaluation run in the window: what is asked, figures that fill in, a stop that keeps, an error's way out."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QFileDialog

from app.workspaces.rag.evaluations import EvaluationProgress
from app.workspaces.rag.workspace import RagWorkspace
from engine.commands import Evaluate, Load
from engine.events import EvaluationMeasured, Progressed, Refused
from engine.events.evaluation import CellFigures, Figures, SystemFigures
from engine.machine import paths
from engine.statistics import Interval
from tests.app.factory import MODEL
from tests.app.served import served
from tests.app.workspaces.rag.tab import settle

ONE = SystemFigures(
    0.75, Interval(0.6, 0.9), None, None, 170.0, None, 0.4, Interval(0.3, 0.5), 1.0, 1.0, 1.0, 300.0, 600.0
)


def found(n: int, *, complete: bool = False) -> EvaluationMeasured:
    """What there is after n of ten questions."""
    systems = {"speculative_rag": replace(ONE, accuracy=n / 10), "standard_rag": replace(ONE, latency_ms=300.0)}
    figures = Figures(
        "builtin", 10, n, {}, systems if n else {}, None, {}, {}, {},  # type: ignore[arg-type]
        (CellFigures("random m=5 k=2 all", 0.5, None, -0.2, Interval(-0.3, -0.1)),) if n else (), None, {},
    )  # fmt: skip
    return EvaluationMeasured("/data/evaluations/builtin-12ab.jsonl", figures, complete)


@pytest.fixture
def page(tab):  # type: ignore[no-untyped-def]
    """The same with the page of evaluations in front."""
    _store, _host, workspace, _say = tab
    workspace.pages.setCurrentIndex(2)
    yield tab


@pytest.fixture
def asked(page):  # type: ignore[no-untyped-def]
    """The same, with an evaluation that the engine has."""
    _store, _host, workspace, say = page
    workspace.evaluating.form.set_values({"questions": 10, "seed": 7})
    workspace.evaluating.run.click()
    say(replace(MODEL, drafter="builtin:rag"))
    yield page


def rows(workspace: RagWorkspace, name: str = "table") -> list[str]:
    table = getattr(workspace.evaluation, name)
    return [" | ".join(table.item(r, c).text() for c in range(table.columnCount())) for r in range(table.rowCount())]


def test_evaluate_hands_over_questions_seed_and_the_settings_of_the_answer(page) -> None:  # type: ignore[no-untyped-def]
    _store, host, workspace, say = page
    workspace.setup.form.set_values({"n": 12, "m": 4, "k": 3, "sampling": "random"})
    assert "n 12, m 4, k 3, random" in workspace.evaluating.made_with.text()
    assert "built-in RAG drafter" in workspace.evaluating.made_with.text()
    chosen = {"questions": 20, "seed": 12345, "form": "both", "ablation": True, "shots": 2, "iterations": 3}
    shots = workspace.evaluating.form.control("shots")
    assert not shots.isEnabled()
    workspace.evaluating.form.set_values({**chosen, "scaling": True})
    assert shots.isEnabled()
    workspace.evaluating.kinds.choose("comparison,bridge")
    assert workspace.evaluating.kinds.text() == "Kinds: 2 of 5 ▾"
    workspace.evaluating.run.click()
    say(replace(MODEL, drafter="builtin:rag"))
    load, command = host.submitted[-2:]
    assert isinstance(load, Load) and load.drafter == "builtin:rag"
    assert isinstance(command, Evaluate)
    assert (command.dataset, command.index) == ("builtin", "")
    assert command.options == {**chosen, "scaling": True, "kinds": "bridge,comparison"}
    assert [command.settings[name] for name in ("n", "m", "k", "sampling")] == [12, 4, 3, "random"]


def test_a_file_is_asked_with_its_own_documents_or_those_of_the_setup(page, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = page
    form = workspace.evaluating
    assert not form.documents.isEnabled()
    form.documents.setChecked(True)
    assert form.command(workspace.setup.settings()).index == ""
    form.dataset.choose(str(tmp_path / "mine.jsonl"))
    workspace.setup.documents.choose("/indexes/mine")
    command = form.command(workspace.setup.settings())
    assert (command.dataset, command.index) == (str(tmp_path / "mine.jsonl"), "/indexes/mine")
    form.documents.setChecked(False)
    assert form.command(workspace.setup.settings()).index == ""


def test_figures_fill_in_while_it_runs_and_nothing_else_can_be_asked(asked) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = asked
    form = workspace.evaluating
    say(Progressed("embedding", 5, 10, "passages"))
    assert form.state.text() == "making the index: embedded 5 of 10 passages"
    say(found(0), found(2), Progressed("measuring", 2, 10, "questions"))
    assert store.doing == "evaluating"
    assert form.state.text() == "asked 2 of 10 questions"
    assert form.progress.isVisible() and form.progress.value() == 200
    assert "2 of 10 questions" in workspace.evaluation.title.text()
    assert rows(workspace)[0].startswith("● Speculative RAG | 0.20 [0.60, 0.90] | 170 ms | 40 [30, 50] %")
    assert [spot.y for spot in workspace.evaluation.plane.spots] == [0.2, 0.75]
    assert rows(workspace, "ablation") == ["random m=5 k=2 all | 0.50 | -0.20 [-0.30, -0.10]"]
    assert not form.run.isEnabled() and not workspace.bar.ask.isEnabled()
    assert not workspace.setup.documents.folder.isEnabled()
    say(found(4))
    assert workspace.evaluation.plane.spots[0].y == 0.4


def test_a_finished_evaluation_stays_in_table_and_plane_and_names_its_file(asked) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = asked
    say(found(9), found(10, complete=True))
    assert not store.busy
    assert workspace.evaluation.plane.spots[0].y == 1.0
    assert "builtin-12ab.jsonl" in workspace.evaluating.state.text()
    assert workspace.evaluation.title.text() == "builtin-12ab.jsonl · builtin · 10 questions"
    assert workspace.evaluating.run.isEnabled() and not workspace.evaluating.stop.isEnabled()
    kept = [note.event for note in store.notes.since(0) if isinstance(note.event, EvaluationMeasured)]
    assert kept == [found(10, complete=True)]


def test_a_stop_keeps_what_was_answered_and_says_how_to_go_on(asked) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = asked
    say(found(3))
    workspace.evaluating.stop.click()
    assert host.n_cancelled
    say(found(4), Refused("evaluate", "stopped by the user", "run again to continue"))
    assert store.trouble is None
    assert workspace.evaluating.state.text() == "stopped after 4 of 10 questions; evaluate again to continue there"
    assert workspace.evaluation.plane.spots[0].y == 0.4
    workspace.evaluating.run.click()
    assert isinstance(host.submitted[-1], Evaluate) and store.tab(EvaluationProgress).live


def test_an_evaluation_that_never_began_is_not_taken_for_the_one_before(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    for n, complete in ((3, False), (10, True)):
        say(found(n, complete=complete), *([] if complete else [Refused("evaluate", "stopped by the user", "again")]))
        workspace.evaluating.run.click()
        say(Refused("evaluate", "x.jsonl cannot be read", "check the path"))
        state = workspace.evaluating.state.text()
        assert state == "ended before its first question; what is shown is the evaluation before"
        workspace.evaluating.run.click()


def test_questions_without_an_answer_are_counted_with_the_first_reason(asked) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, say = asked
    for n in (0, 8):
        event = found(n, complete=n > 0)
        failed = {"line 5": "too long; shorten it", "line 6": "no passage"}
        say(replace(event, figures=replace(event.figures, failed=failed)))
        begins = f"builtin-12ab.jsonl · builtin · {n} of 10 questions · 2 not answered"
        assert workspace.evaluation.title.text() == f"{begins}, first line 5: too long; shorten it"
    assert workspace.evaluating.state.text().startswith("done")


def test_an_error_is_one_line_with_the_way_out(asked) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = asked
    say(Refused("evaluate", "question q1 of x.jsonl comes without documents", "name an index of documents"))
    assert workspace.error.frame.isVisible()
    assert "evaluation ended early: question q1" in workspace.error.happened.text()
    assert "Next: name an index" in workspace.error.next.text()
    assert workspace.evaluating.run.isEnabled() and not store.tab(EvaluationProgress).live


def test_a_pair_that_does_not_load_is_evaluated_by_no_other(page) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = page
    workspace.evaluating.run.click()
    say(Refused("load", "no such model", "choose another"))
    assert not any(isinstance(command, Evaluate) for command in host.submitted)
    assert not store.busy


def test_a_drafter_that_is_no_model_cannot_be_evaluated(page) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = page
    workspace.setup.models.choose("builtin", "lookup")
    assert not workspace.evaluating.run.isEnabled()
    assert "builtin:rag" in workspace.evaluating.state.text()


def test_choices_of_an_evaluation_come_back_and_a_lost_file_does_not(page, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, _say = page
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    file = tmp_path / "mine.jsonl"
    file.write_text("{}", encoding="utf-8")
    workspace.evaluating.dataset.choose(str(file))
    workspace.evaluating.form.set_values({"questions": 33})
    workspace.save(settings)
    for name in (str(file), "builtin"):
        other = served(RagWorkspace, store)
        qtbot.addWidget(other)
        other.restore(settings)
        assert other.evaluating.command(other.setup.settings()).dataset == name
        assert other.evaluating.form.control("questions").value() == 33
        file.unlink(missing_ok=True)


def test_the_dialog_begins_where_evaluations_are_kept(page) -> None:  # type: ignore[no-untyped-def]
    _store, _host, workspace, _say = page
    paths.evaluations().mkdir(parents=True)
    workspace.evaluation.open_button.click()
    dialog = workspace.evaluation.findChild(QFileDialog)
    assert dialog is not None and Path(dialog.directory().absolutePath()) == paths.evaluations()
    dialog.reject()


def test_a_file_is_not_shown_over_an_evaluation_under_way(asked) -> None:  # type: ignore[no-untyped-def]
    store, _host, workspace, say = asked
    say(found(3))
    shown = store.tab(EvaluationProgress).shown
    assert shown is not None
    why = store.tab(EvaluationProgress).show(replace(shown, name="other"), Path("/x/other.jsonl"))
    assert why == "an evaluation is under way"
    assert store.tab(EvaluationProgress).shown is shown
    settle(workspace)
    assert "builtin-12ab" in workspace.evaluation.title.text()
