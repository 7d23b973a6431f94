"""A method is one folder: put on the path, it is in the form, on the command line, in the trace, and as a plot."""

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractSpinBox

from app import application
from app.main_window import MainWindow
from engine import methods
from engine.cli import main
from engine.events import Measured, RunStarted
from engine.methods.run_events import RunContext
from engine.runs import trace
from engine.session.session import Session
from tests import fakes
from tests.app.factory import MODEL, PAIR, FakeHost
from tests.engine import methods as beside

assert RunContext and Session  # what a toy may use is loaded before its folder is on the path


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(Path(beside.__path__[0]) / "toys")])


@pytest.fixture
def ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Path, list[dict[str, object]]]:
    """The trace of a run on the command line, and what was printed."""
    target = fakes.model()
    pair = [
        "--target",
        fakes.save(target, tmp_path / "t"),
        "--drafter",
        fakes.save(fakes.noisy_copy(target), tmp_path / "d"),
    ]
    saved = tmp_path / "run.jsonl"
    options = ["--reach", "2", "--weight", "0.5", "--max-new-tokens", "20", "--trace", str(saved), "--json"]
    assert main(["run", "toy", *pair, "--prompt", "The harbour", *options]) == 0
    return saved, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_command_line_has_its_name_and_its_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    assert "Toy decoding." in capsys.readouterr().out
    assert main(["run", "toy", "--help"]) == 0
    told = capsys.readouterr().out
    assert "--reach" in told and "--weight" in told and "tokens proposed in a round" in " ".join(told.split())
    assert main(["run", "toy", "--prompt", "a", "--reach", "99"]) == 2
    assert "reach = 99: must be `int` <= 16".replace("`", "") in capsys.readouterr().err


def test_its_metric_is_printed_and_kept_in_the_trace(ran: tuple[Path, list[dict[str, object]]]) -> None:
    path, printed = ran
    measured = [line["value"] for line in printed if line["event"] == "measured"]
    assert measured and all(isinstance(value, float) and 0 <= value <= 0.5 for value in measured)
    assert printed[-1]["event"] == "summary" and len(printed[-1]["tokens"]) == 20
    events = list(trace.read(path).events)
    assert isinstance(events[0], RunStarted)
    assert (events[0].method, dict(events[0].settings)["reach"]) == ("toy", 2)
    assert [event.value for event in events if isinstance(event, Measured)] == measured


def test_the_window_offers_it_with_its_form_and_plots_its_metric(
    qtbot, ran: tuple[Path, list[dict[str, object]]]
) -> None:
    host = FakeHost()
    window = MainWindow(PAIR, application.user_settings(), make_host=lambda: host)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    host.say(MODEL)
    window.store.pump()
    setup, plots = window.workspaces["decode"].setup, window.workspaces["decode"].plots
    assert not setup.form.control("reach").isVisibleTo(setup)
    setup.method.box.setCurrentText("Toy decoding")
    setup.method.box.activated.emit(setup.method.box.currentIndex())
    reach = setup.form.control("reach")
    assert reach.isVisibleTo(setup) and isinstance(reach, QAbstractSpinBox)
    assert not setup.form.control("gamma").isVisibleTo(setup)
    setup.form.set_values({"reach": 5, "weight": 0.25})
    window.workspaces["decode"].prompt.prompt.setPlainText("Hello")
    window.verbs.do("run")
    run = host.submitted[-1]
    assert (run.method, run.settings["reach"], run.settings["weight"]) == ("toy", 5, 0.25)

    (plot,) = (each for each in plots.metrics if each.title == "Kept of each draft")
    assert not plot.isVisibleTo(plots)
    events = list(trace.read(ran[0]).events)
    host.say(*events)
    qtbot.waitUntil(lambda: (window.store.pump(), host.inbox.empty())[1])
    assert plot.isVisibleTo(plots)
    plots.show()
    plot.refresh()
    assert list(plot.curve.y) == [event.value for event in events if isinstance(event, Measured)]
    assert plot.title == "Kept of each draft"
    window.close_now()
