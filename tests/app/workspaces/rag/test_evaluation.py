"""Files of evaluations, and the panels that show them."""

import json
from contextlib import closing
from pathlib import Path
from threading import Event as Flag

import msgspec
import pyqtgraph as pg
import pytest

from app.plots.plane import Spot
from app.state.store import RunStore
from app.workspaces.rag import evaluation_record
from app.workspaces.rag.calibration import CalibrationPanel
from app.workspaces.rag.cluster_marks import mark_of
from app.workspaces.rag.evaluation import EvaluationPanel, spots
from app.workspaces.rag.evaluations import EvaluationProgress
from engine.commands import Evaluate, Load
from engine.errors import InputError
from engine.evaluation.figures import BASELINE, figures
from engine.evaluation.file import DraftLine, EvaluationFile, EvaluationHead, Grid, QuestionLine, Scores, SystemAnswer
from engine.events import EvaluationMeasured
from engine.events.answers import System
from engine.session.session import Session
from tests import encoders
from tests.evaluations import write_questions

SYSTEMS = {
    "speculative_rag": {
        "accuracy": 0.78, "accuracy_ci": [0.69, 0.85], "latency_ms": 171.0, "latency_cut": 0.48,
        "latency_cut_ci": [0.44, 0.52], "target_tokens": 305, "drafter_tokens": 628,
    },
    "standard_rag": {"accuracy": 0.71, "accuracy_ci": [0.62, 0.79], "latency_ms": 330, "target_tokens": 640},
    "<b>own</b>": {"accuracy": 0.5},
}  # fmt: skip
CALIBRATION = {
    "temperature": 1.62, "n": 60, "n_held_out": 58, "ece_before": 0.121, "ece_after": 0.034, "weights": None,
    "bins_before": [{"n": 58, "confidence": 0.5, "accuracy": 0.4}],
    "bins_after": [{"n": 58, "confidence": 0.5, "accuracy": 0.5}],
}  # fmt: skip


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def whole(path: Path) -> Path:
    summary = {"event": "summary", "systems": SYSTEMS, "calibration": CALIBRATION, "dataset": "builtin"}
    return write(path, {"event": "answered", "more": [1]}, {**summary, "n_questions": 100, "unknown": 1})


def test_a_summary_is_read_and_what_is_not_known_is_left(tmp_path: Path) -> None:
    found = evaluation_record.read(whole(tmp_path / "e.jsonl"))
    assert found.systems["speculative_rag"].latency_cut_ci == (0.44, 0.52)
    assert found.calibration is not None and found.calibration.temperature == 1.62
    assert (found.n_lines, found.name) == (2, "e.jsonl")


def test_an_evaluation_that_was_killed_has_no_systems_yet(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", {"event": "answered"}, {"event": "answered"})
    with path.open("a", encoding="utf-8") as file:
        file.write('{"event": "answ')
    found = evaluation_record.read(path)
    assert found.systems == {} and found.n_lines == 2


def line(n: int) -> QuestionLine:
    """A question with five drafts, right and wrong in turn."""
    took: dict[System, float] = {"speculative_rag": 50.0, BASELINE: 90.0}
    told = {name: SystemAnswer("x", n % 3 > 0, ms, ms, ms, 0.0, 10, 20) for name, ms in took.items()}
    scores = [Scores(-1.0, -2.0, -0.1 * i, -3.0, i - 2.0) for i in range(5)]
    drafts = tuple(DraftLine((0, 1), True, "so", "x", i % 2 == n % 2, one) for i, one in enumerate(scores))
    cells = {"random m=5 k=2 all": float(n % 2)}
    return QuestionLine(f"q{n}", "claim", "?", ("x",), winner=0, systems=told, drafts=drafts, cells=cells)


def test_what_the_evaluation_itself_wrote_is_read_with_its_calibration() -> None:
    head = EvaluationHead("builtin", "builtin", 12, "q", "d", {"seed": 1}, {}, {}, {}, Grid(("random",), (5,), (2,)))
    lines = [line(n) for n in range(12)]
    written = figures(head, lines)
    with closing(EvaluationFile(head, "builtin")) as file:
        for one in lines:
            file.add(one)
        file.finish(msgspec.to_builtins(written))
    found = evaluation_record.read(file.path)
    assert written.calibration is not None and found.calibration is not None
    assert (found.calibration.n, found.calibration.n_held_out) == (30, 30)
    assert found.calibration.bins_after[0].n == written.calibration.bins_after[0].n
    assert found.systems["speculative_rag"].accuracy_ci == tuple(written.systems["speculative_rag"].accuracy_ci)
    assert [cell.setting for cell in found.ablation] == ["random m=5 k=2 all"]
    told = evaluation_record.of_event(EvaluationMeasured(str(file.path), written))
    assert found == msgspec.structs.replace(told, n_lines=14)


def test_an_evaluation_that_was_really_made_is_read(tmp_path: Path) -> None:
    session = Session()
    list(session.do(Load("builtin", "builtin:rag", device="cpu")))
    asked = Evaluate(
        write_questions(tmp_path / "own.jsonl"), {"n": 4, "m": 2, "max_new_tokens": 32}, {"questions": 2},
        embedder=str(encoders.save(tmp_path / "encoder")),
    )  # fmt: skip
    *_, last = session.do(asked, Flag())
    assert isinstance(last, EvaluationMeasured)
    found = evaluation_record.read(Path(last.file))
    assert list(found.systems) == list(last.figures.systems)
    assert (found.n_answered, found.n_lines, found.dataset) == (2, 4, "own.jsonl")


@pytest.mark.parametrize(
    "text", ["", "no json\n", '{"event": "summary", "systems": {"a": {"accuracy": "high"}}}\n', "\x00\n"]
)
def test_what_is_no_evaluation_is_refused_with_the_way_out(tmp_path: Path, text: str) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as err:
        evaluation_record.read(path)
    assert "rag eval" in err.value.hint


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        evaluation_record.read(tmp_path / "none.jsonl")


@pytest.fixture
def shown(qtbot, tmp_path: Path):  # type: ignore[no-untyped-def]
    """A store and both panels on it, before an evaluation is opened."""
    store = RunStore()
    panels = EvaluationPanel(store), CalibrationPanel(store)
    for panel in panels:
        qtbot.addWidget(panel)
        panel.resize(900, 500)
        panel.show()

    def show(path: Path) -> None:
        store.tab(EvaluationProgress).open(path)
        qtbot.waitUntil(lambda: not store.reading)
        for panel in panels:
            panel.refresh()

    yield store, *panels, show
    for panel in panels:
        panel.close()
    store.close()


def test_systems_stand_in_table_and_plane(shown, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, panel, _calibration, show = shown
    assert panel.plane.words.isVisible()
    show(whole(tmp_path / "e.jsonl"))
    table = panel.table
    rows = [[table.item(row, i).text() for i in range(table.columnCount())] for row in range(table.rowCount())]
    assert rows[0] == ["● Speculative RAG", "0.78 [0.69, 0.85]", "171 ms", "48 [44, 52] %", "—", "305 + 628"]
    assert rows[2][:2] == ["■ <b>own</b>", "0.50"]
    assert [spot.name for spot in panel.plane.spots] == ["Speculative RAG", "standard RAG"]
    assert spots(store.tab(EvaluationProgress).shown)[0].along == pytest.approx((0.09, 0.07))
    assert "100 questions" in panel.title.text()
    assert not panel.plane.words.isVisible()


def test_an_evaluation_under_way_says_how_to_go_on(shown, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _store, panel, _calibration, show = shown
    show(write(tmp_path / "e.jsonl", {"event": "answered"}))
    assert "has not ended" in panel.title.text()


def test_reliability_stands_beside_the_diagonal(shown, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _store, _panel, calibration, show = shown
    assert "8 of 10" in calibration.meaning.text()
    show(whole(tmp_path / "e.jsonl"))
    assert calibration.headline.text() == "T 1.62"
    assert "60 verdicts" in calibration.meaning.text()
    assert "on 58 others" in calibration.errors.text()
    assert "0.121 as it is, 0.034" in calibration.errors.text()
    assert [(spot.x, spot.y) for spot in calibration.plane.spots] == [(0.5, 0.4), (0.5, 0.5)]
    assert list(calibration.plane.line.getData()[0]) == [0.0, 1.0]


def test_a_temperature_at_the_end_of_its_range_is_called_what_it_is(shown, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _store, _panel, calibration, show = shown
    hot = {**CALIBRATION, "temperature": 99.97}
    show(write(tmp_path / "e.jsonl", {"event": "summary", "systems": SYSTEMS, "calibration": hot}))
    assert "the scores say nothing about correctness" in calibration.meaning.text()
    assert "no temperature to use" in calibration.use.text()


def exported(panel: EvaluationPanel | CalibrationPanel, path: Path) -> bytes:
    panel.plane.menu.export(path)
    panel.plane.menu.exporter.close()
    return path.read_bytes()


def test_plane_and_diagram_export_as_plots_do(shown, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    _store, panel, calibration, show = shown
    show(whole(tmp_path / "e.jsonl"))
    assert [action.text() for action in panel.plane.menu.actions()][:3] == ["Export PNG…", "Export SVG…", "Export CSV…"]
    lines = exported(panel, tmp_path / "x.csv").decode().splitlines()
    assert lines[1] == "# e.jsonl · builtin · 100 questions"
    assert lines[3] == "Speculative RAG,0.78,0.69,0.85,171,,,0.48,0.44,0.52,0,305,628"
    assert lines[5].startswith("<b>own</b>,0.5,,,,,,,,,0,0"), "also what stands in no plane"
    bins = exported(calibration, tmp_path / "y.csv").decode().splitlines()
    assert bins[2:] == ["verdicts,stated probability of Yes,share that was right,n", "as it is,0.5,0.4,58",
                        "with the fitted temperature,0.5,0.5,58"]  # fmt: skip
    for one in (panel, calibration):
        assert exported(one, tmp_path / "x.png").startswith(b"\x89PNG")


def test_an_evaluation_opens_like_any_other_file(shown, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, _panel, _calibration, _show = shown
    summary = {"event": "summary", "systems": SYSTEMS, "dataset": "builtin"}
    store.open_trace(write(tmp_path / "e.jsonl", {"event": "evaluation", "dataset": "builtin"}, summary))
    qtbot.waitUntil(lambda: not store.reading)
    assert (
        store.tab(EvaluationProgress).shown is not None and store.tab(EvaluationProgress).source == tmp_path / "e.jsonl"
    )


def test_a_name_that_would_run_over_the_right_edge_stands_to_the_left(shown, qtbot) -> None:  # type: ignore[no-untyped-def]
    _store, panel, _calibration, _show = shown
    plane = panel.plane
    plane.show_spots([Spot("a name of some length", mark_of(0), x, 0.5) for x in (0.1, 0.9)], ends=(0.0, 1.0, 0.0, 1.0))

    def sides() -> list[bool]:
        names = [item for item in plane._items if isinstance(item, pg.TextItem)]
        return [name.pos().x() < spot.x for name, spot in zip(names, plane.spots, strict=True)]

    plane.widget.resize(400, 300)
    qtbot.waitUntil(lambda: sides() == [False, True])
    plane.show_spots([Spot("a", mark_of(0), 0.5, 0.5)], ends=(0.0, 1.0, 0.0, 1.0))
    assert sides() == [False]


def test_a_bad_file_is_a_trouble_in_the_bar(shown, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, panel, _calibration, show = shown
    (tmp_path / "e.jsonl").write_text("x\n", encoding="utf-8")
    show(tmp_path / "e.jsonl")
    assert store.trouble is not None and "no evaluation" in store.trouble.message
    assert panel.table.rowCount() == 0
