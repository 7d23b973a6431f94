"""What was measured of a pair: its plots, how they grow and are read, files that are opened or refused."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.plots import export
from app.state.store import RunStore
from app.workspaces.decode import event_words, measured_words
from app.workspaces.decode.measured_plot import MeasuredPlot
from app.workspaces.decode.measured_plots import BatchPlot, ContextPlot, GammaSpeedupPlot, GammaTimePlot
from app.workspaces.decode.measuring import MeasuringProgress
from engine.cli import main
from engine.commands import Load, Measure, Run
from engine.events import Progressed, Refused, ScalingMeasured
from engine.events.scaling import BatchMeasured, ContextPoint, GammaPoint
from engine.runs import measured_files
from engine.statistics import Interval, RatioEstimate
from tests.app.factory import MODEL, PAIR, FakeHost, whole_run

ALL = (ContextPlot, GammaTimePlot, GammaSpeedupPlot, BatchPlot)


def middle(value: float) -> RatioEstimate:
    return RatioEstimate(value, None, Interval(0.9 * value, 1.2 * value), 5)


def context(n: int, *, plain: float = 4.0) -> ContextPoint:
    times = {"ours_plain": middle(plain), "ours_speculative": middle(2.0), "transformers_plain": middle(8.0)}
    return ContextPoint(n, n, times, times, middle(2.0), middle(2.0), 0.9, None, 3.9, None, None)


def gamma(n: int, *, predicted: float | None = 1.8) -> GammaPoint:
    return GammaPoint(n, middle(2.5), 0.9, None, 3.0, 0.1, 1.1, predicted, middle(1.5 + n / 10))


def batch(n: int, *, ci: bool = True) -> BatchMeasured:
    return BatchMeasured(n, 300.0, 450.0, 1.5, None, 0.9, None, 3.9, True, Interval(1.1, 1.9) if ci else None, 5)


NOTHING = ScalingMeasured(4, 64, 5, "cpu", "float32", target="builtin", drafter="builtin", complete=False)
WHOLE = msgspec.structs.replace(
    NOTHING, contexts=(context(64), context(256), context(128)), gammas=(gamma(1), gamma(2, predicted=None)),
    batches=(batch(1), batch(8, ci=False)), plain_ms_per_token=middle(4.0), gamma_context=64,
    measured_utc="2026-01-02T00:00:00Z", complete=True,
)  # fmt: skip


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def store(qtbot: QtBot, host: FakeHost) -> RunStore:
    made = RunStore()
    made.attach(host)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def window(qtbot: QtBot, host: FakeHost) -> MainWindow:
    made = MainWindow(PAIR, None, make_host=lambda: host)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: bool(host.submitted))
    host.say(MODEL)
    made.store.pump()
    yield made
    made.workspaces["decode"].measured.close()
    made.close_now()


def shown(qtbot: QtBot, store: RunStore, kind: type[MeasuredPlot]) -> MeasuredPlot:
    plot = kind(store)
    qtbot.addWidget(plot)
    plot.resize(600, 300)
    plot.show()
    return plot


def feed(store: RunStore, *events: ScalingMeasured | Refused) -> None:
    for event in events:
        store.take(event)
    store.changed.emit()


def test_times_of_three_systems_stand_over_the_context_in_its_order(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, ContextPlot)
    feed(store, WHOLE)
    assert plot.values == (64, 128, 256)
    assert [line.yData.tolist() for line in plot.lines] == [[4.0] * 3, [2.0] * 3, [8.0] * 3]
    assert plot.lines[0].xData.tolist() == [6.0, 7.0, 8.0]
    assert all(bar.isVisible() for bar in plot.bars)


def test_speedup_stands_beside_its_prediction_where_there_is_one(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, GammaSpeedupPlot)
    feed(store, WHOLE)
    measured, predicted = plot.lines
    assert measured.yData.tolist() == pytest.approx([1.6, 1.7])
    assert (predicted.xData.tolist(), predicted.yData.tolist()) == ([1.0], [1.8])
    assert plot.even.isVisible()
    assert plot.even.value() == 1.0


def test_plain_decoding_is_as_fast_at_every_draft_length(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, GammaTimePlot)
    feed(store, WHOLE)
    assert [line.yData.tolist() for line in plot.lines] == [[4.0, 4.0], [2.5, 2.5]]


def test_a_batch_without_an_interval_has_a_point_and_no_bar(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, BatchPlot)
    feed(store, WHOLE)
    assert plot.lines[0].yData.tolist() == [1.5, 1.5]
    assert plot.bars[0].opts["x"].tolist() == [0.0]
    assert plot.bars[0].opts["top"].tolist() == pytest.approx([0.4])


def test_plots_grow_point_by_point(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, ContextPlot)
    assert plot.words.isVisible()
    for n in range(1, 4):
        feed(store, msgspec.structs.replace(NOTHING, contexts=WHOLE.contexts[:n]))
        assert len(plot.values) == n
    assert not plot.words.isVisible()


@pytest.mark.parametrize("kind", ALL)
def test_every_plot_names_its_axes_and_explains_its_legend(
    qtbot: QtBot, store: RunStore, kind: type[MeasuredPlot]
) -> None:
    plot = shown(qtbot, store, kind)
    assert all(plot.plot.getAxis(side).labelText for side in ("left", "bottom"))
    assert all(label.toolTip() for label, _ in plot._keys)
    assert plot.words.isVisible()


@pytest.mark.parametrize("kind", ALL)
def test_a_run_does_not_disturb_what_was_measured(qtbot: QtBot, store: RunStore, kind: type[MeasuredPlot]) -> None:
    plot = shown(qtbot, store, kind)
    feed(store, WHOLE)
    before = plot.values
    for event in whole_run():
        store.take(event)
    store.changed.emit()
    plot.refresh()
    assert plot.values == before != ()


def test_mouse_and_keys_read_off_the_nearest_point(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, ContextPlot)
    plot._on_stepped(1)
    feed(store, WHOLE)
    plot._on_pointed(6.9)
    assert plot.readout.text().startswith("context (tokens) 128 · ● 4.00 ms · ■ 2.00 ms · ▲ 8.00 ms")
    plot._on_stepped(1)
    assert "256" in plot.readout.text()
    plot._on_stepped(1)
    assert "256" in plot.readout.text()
    plot._on_left()
    assert plot.readout.isHidden()
    plot._on_stepped(-1)
    assert "256" in plot.readout.text()


def test_export_holds_every_point_its_interval_and_what_it_was_made_with(qtbot: QtBot, store: RunStore) -> None:
    plot = shown(qtbot, store, GammaSpeedupPlot)
    feed(store, WHOLE)
    text = export.as_csv(plot.table()).decode()
    assert "built-in target" in text
    assert "2026-01-02" in text
    assert 'measured (times plain),"measured, low"' in text
    assert text.splitlines()[-1] == "2,1.7,1.53,2.04,,,"
    assert plot.origin() == "2026-01-02"
    assert b"<svg" in export.as_svg(plot, plot.title, plot.note())
    assert np.isnan(plot.columns()[-1].values[-1])


def test_the_menu_shows_the_window_and_its_button_asks_the_engine(window: MainWindow, host: FakeHost) -> None:
    window.workspaces["decode"].menu_actions("run")[0].trigger()
    dialog = window.workspaces["decode"].measured
    assert dialog.isVisible()
    assert "minute" in dialog.bar.state.text()
    dialog.bar.start.click()
    assert host.submitted[-1] == Measure(window.workspaces["decode"].setup.setup().settings["gamma"])
    assert window.store.may_start()
    dialog.bar.refresh()
    assert not dialog.bar.start.isEnabled()
    host.say(Progressed("measuring", 2, 5, "prompts"))
    window.store.pump()
    dialog.bar.refresh()
    assert "2 of 5 prompts" in dialog.bar.state.text()
    window.verbs.do("run")
    assert not any(isinstance(command, Run) for command in host.submitted)
    host.say(msgspec.structs.replace(WHOLE, complete=False), WHOLE)
    window.store.pump()
    dialog.bar.refresh()
    assert not window.store.may_start()
    assert dialog.bar.start.isEnabled()
    assert "built-in target" in dialog.bar.state.text()


def test_a_pair_that_is_not_in_memory_is_loaded_first(store: RunStore, host: FakeHost) -> None:
    store.tab(MeasuringProgress).begin(Load(target="other"), Measure(4))
    assert host.submitted == [Load(target="other")]
    store.take(MODEL)
    assert host.submitted[1:] == [Measure(4)]
    store.take(Refused("measure", "lookup is no drafter model", "choose a model"))
    assert store.trouble is not None
    assert store.trouble.message == "lookup is no drafter model"
    assert not store.busy


def test_a_measurement_of_a_pair_that_does_not_load_is_forgotten(store: RunStore, host: FakeHost) -> None:
    store.tab(MeasuringProgress).begin(PAIR, Measure(4))
    store.take(Refused("load", "no such model", "choose another"))
    assert host.submitted == [PAIR]
    assert not store.busy


def test_stopped_measurement_keeps_its_points_and_says_so(qtbot: QtBot, store: RunStore, host: FakeHost) -> None:
    plot = shown(qtbot, store, ContextPlot)
    store.tab(MeasuringProgress).begin(PAIR, Measure(4))
    store.take(MODEL)
    feed(store, msgspec.structs.replace(NOTHING, contexts=WHOLE.contexts[:1]))
    store.cancel()
    feed(store, Refused("measure", "stopped by the user", "run again"))
    assert host.n_cancelled == 1
    assert store.trouble is None
    assert plot.values == (64,)
    assert store.tab(MeasuringProgress).ended().startswith("ended early")


@pytest.fixture
def measured_file(tmp_path: Path) -> Path:
    """As a command writes it: without the tag of an event, with more fields than the window reads."""
    fields = {name: value for name, value in msgspec.to_builtins(WHOLE).items() if name not in ("event", "complete")}
    path = tmp_path / "scaling.json"
    text = msgspec.json.format(msgspec.json.encode({"machine": "m", **fields, "versions": {"torch": "2"}}), indent=1)
    path.write_bytes(text + b"\n")
    return path


def opened(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    window.store.open_trace(path)
    qtbot.waitUntil(lambda: not window.store.reading)


def test_the_file_of_a_bench_opens_in_a_window_of_its_own(
    qtbot: QtBot, window: MainWindow, measured_file: Path
) -> None:
    opened(qtbot, window, measured_file)
    assert window.store.trouble is None
    assert window.workspaces["decode"].measured.isVisible()
    assert window.workspaces["decode"].measured.plots[0].values == (64, 128, 256)
    assert "from scaling.json" in window.workspaces["decode"].measured.bar.state.text()
    window.workspaces["decode"].measured.close()
    opened(qtbot, window, measured_file)
    assert window.workspaces["decode"].measured.isVisible()


def test_other_files_are_refused_with_the_way_out(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    for text, words in (
        ('{\n "event": "summary",\n "speedup": 2\n}', "holds no measurement"),
        ('{\n "gamma": 4, "max_new_tokens": 64, "n_blocks": 5, "device": "cpu", "dtype": "f"\n}', "no contexts"),
        ("{\n" + "[" * 100_000, "holds no measurement"),
        ("{\n\x00\xff", "holds no measurement"),
        ('{\n "gamma": 1e400}', "holds no measurement"),
    ):
        path.write_text(text)
        window.store.dismiss()
        opened(qtbot, window, path)
        assert window.store.trouble is not None, text[:60]
        assert words in window.store.trouble.message
        assert "--out" in window.store.trouble.hint
        assert window.store.tab(MeasuringProgress).measured is None


def test_impossible_figures_in_a_file_are_refused(qtbot: QtBot, window: MainWindow, measured_file: Path) -> None:
    measured_file.write_text(measured_file.read_text().replace("4.0", "-4.0"))
    opened(qtbot, window, measured_file)
    assert window.store.trouble is not None
    assert "holds no measurement" in window.store.trouble.message


def test_nothing_is_opened_over_a_measurement_under_way(qtbot: QtBot, window: MainWindow, measured_file: Path) -> None:
    window.workspaces["decode"].measure()
    window.store.open_trace(measured_file)
    qtbot.waitUntil(lambda: window.store.trouble is not None)
    assert "being measured" in window.store.trouble.message
    assert window.store.tab(MeasuringProgress).measured is None


def test_every_button_can_be_named_and_the_log_tells_what_was_measured(window: MainWindow) -> None:
    assert all(button.text() for button in window.workspaces["decode"].measured.findChildren(QPushButton))
    assert event_words.describe(WHOLE) == "measured: 3 contexts, 2 draft lengths, 2 batch sizes"
    assert event_words.describe(NOTHING) is None


@pytest.mark.parametrize(
    ("command", "n_points"),
    [
        (["scaling", "--contexts", "16,24", "--gammas", "1,2", "--batches", "2", "--blocks", "3"], (2, 2, 1)),
        (["batch", "--batches", "1,2", "--blocks", "1"], (0, 0, 2)),
    ],
)
def test_what_the_commands_write_is_what_the_window_reads(
    command: list[str], n_points: tuple[int, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found"
    pair = ["--target", "timing:tiny", "--drafter", "timing:tiny-draft@0.7", "--device", "cpu"]
    assert main(["bench", *command, *pair, "--max-new-tokens", "8", "--out", str(out)]) == 0
    assert measured_files.is_summary(out)
    found = measured_files.read(out)
    assert (len(found.contexts), len(found.gammas), len(found.batches)) == n_points
    assert (found.target, found.drafter, found.complete) == ("timing:tiny", "timing:tiny-draft@0.7", True)
    assert "random weights" in measured_words.made_with(found)


def test_fewer_than_ten_blocks_are_said_to_have_a_range() -> None:
    assert "5 blocks of 64 tokens" in measured_words.made_with(WHOLE)
    assert "smallest and largest of 5" in measured_words.made_with(WHOLE)
    assert "95" not in measured_words.made_with(WHOLE)
    assert "bars: 95 %" in measured_words.made_with(msgspec.structs.replace(WHOLE, n_blocks=10))
