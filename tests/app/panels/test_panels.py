import msgspec
import pytest
from msgspec.inspect import LiteralType
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from app.panels.error import ErrorPanel
from app.panels.setup.panel import SetupPanel
from app.panels.status import StatusPanel
from app.state.indexing import IndexProgress
from app.state.store import RunStore
from app.widgets.config_form import ConfigForm, fields_of
from app.words import quantities
from app.words.choice_names import with_names
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.decode import headline_words
from app.workspaces.decode.metrics import MetricsPanel
from app.workspaces.decode.same_text import SameText
from app.workspaces.train.training import TrainingRunProgress
from engine.commands import Load, Run
from engine.events import Compared, Estimated, Progressed, Refused, RunFailed, RunFinished
from engine.methods.plain.config import PlainConfig
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import Request, make_config
from engine.training.drafter_config import DrafterConfig
from tests.app.factory import MODEL, PAIR, FakeHost, a_round, blocks, started, whole_run


@pytest.fixture
def show(qtbot):
    store, host, panels = RunStore(), FakeHost(), []
    store.attach(host)

    def make(kind, *more):
        panel = kind(store, *more)
        qtbot.addWidget(panel)
        panel.show()
        panels.append(panel)
        return panel

    def say(*events):
        host.say(*events)
        store.pump()

    make.store, make.say, make.host = store, say, host
    yield make
    for panel in panels:
        panel.close()


def test_figures_are_those_of_the_summary(show, qtbot):
    panel = show(MetricsPanel)
    show.say(*whole_run())
    qtbot.waitUntil(lambda: panel.values()["best draft length γ"] != "—")
    panel.best_gamma.close()
    values = panel.values()
    assert (values["acceptance rate α"], values["draft efficiency"]) == ("0.75", "0.60")
    assert (values["tokens per round τ"], values["cost coefficient c"]) == ("2.50", "0.250")
    assert (values["time per token"], values["plain, per token"]) == ("5.00 ms", "10.0 ms")
    assert (values["tokens/s"], values["prefill"], values["time to first token"]) == ("200", "12.0 ms", "19.2 ms")


def test_figures_that_are_not_known_say_what_would_make_them_known(show):
    panel = show(MetricsPanel)
    show.say(started(), a_round(0, [" a"], [" b"]))
    assert panel.values()["speedup predicted"] == "—"
    tips = [label.toolTip() for label in panel.findChildren(QLabel) if label.accessibleName() == "speedup predicted"]
    assert "Measure plain too" in tips[0]


def test_every_figure_is_explained_in_a_tooltip(show):
    panel = show(MetricsPanel)
    labels = [label for label in panel.findChildren(QLabel) if label.text() in panel.values()]
    assert len(labels) == len(panel.values())
    assert all(label.toolTip() for label in labels)


@pytest.mark.parametrize("name", ["x" * 1000, "/models/" + "very-long-name-" * 20 + "7B", "<b>bold</b>"])
def test_a_long_model_name_does_not_widen_the_figures(show, name):
    panel = show(MetricsPanel)
    show.say(msgspec.structs.replace(started(), target=name, drafter=name), *whole_run()[1:])
    panel.refresh()
    assert panel.minimumSizeHint().width() <= 300


def test_no_label_interprets_what_it_shows(show):
    for kind in (MetricsPanel, ErrorPanel, StatusPanel, SameText):
        panel = show(kind)
        assert all(label.textFormat() == Qt.TextFormat.PlainText for label in panel.findChildren(QLabel))


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([started(), Compared(True, None, None)], "✓ same text"),
        ([started(), Compared(False, 17, 0.25)], "differs from plain decoding at token 17 (top-2 margin 0.2500)"),
        ([started(settings={"temperature": 0.7})], "sampled: texts are not compared"),
        ([started(settings={"baseline": False})], "plain decoding is not measured"),
        ([started()], "compared at the end"),
        ([started(), RunFinished("cancelled", 0)], "stopped: texts not compared"),
        ([started(method="plain")], "this is plain decoding"),
    ],
)
def test_the_check_says_what_it_found_or_why_it_did_not(show, events, words):
    panel = show(SameText)
    show.say(*events)
    assert words in panel.label.text()


def test_a_refusal_says_what_happened_and_what_to_do(show):
    panel = show(ErrorPanel)
    assert not panel.frame.isVisible()
    show.store.load(PAIR)
    show.say(Refused("load", "there is no folder <b>x</b>", "check the path"))
    assert panel.frame.isVisible()
    assert "<b>x</b>" in panel.happened.text()
    assert "check the path" in panel.next.text()
    assert "Nothing was changed" in panel.next.text()


def test_a_failure_says_what_was_kept_and_hides_its_details(show, qtbot):
    panel = show(ErrorPanel)
    show.say(started(), a_round(0, [" a", " b"]), RunFailed("boom", "report it", "Traceback (most recent call last)"))
    assert "Kept: 3 tokens" in panel.next.text()
    assert not panel.details.isVisible()
    qtbot.mouseClick(panel.more, Qt.MouseButton.LeftButton)
    assert panel.details.toPlainText().startswith("Traceback")
    assert panel.details.isVisible()


@pytest.mark.parametrize(
    ("what", "next_line"),
    [("index", "Kept: an index made before, as it was."), ("train", "Nothing was changed."),
     ("file", "Nothing was changed."), ("save", "Kept: the run in this window, as long as it is open."),
     ("compare", "Nothing was changed.")],
)  # fmt: skip
def test_a_refusal_after_a_run_does_not_say_that_its_tokens_were_kept(show, what, next_line):
    for kind in (IndexProgress, TrainingRunProgress, ComparingProgress):
        show.store.tab(kind)
    panel = show(ErrorPanel)
    show.say(*whole_run(), Refused(what, "the folder is empty", "choose another"))
    assert panel.next.text() == f"{next_line} Next: choose another."


def test_a_refused_load_keeps_the_models_that_are_there(show):
    panel = show(ErrorPanel)
    show.store.load(PAIR)
    show.say(Refused("load", "there is no folder x", "check the path"))
    assert panel.next.text() == "Nothing was changed. Next: check the path."
    show.store.load(PAIR)
    show.say(MODEL)
    show.store.load(Load("x"))
    show.say(Refused("load", "there is no folder y", "check the path"))
    assert panel.next.text() == "Kept: the models that were loaded before. Next: check the path."


def test_a_run_that_fails_at_once_has_made_nothing(show):
    panel = show(ErrorPanel)
    show.say(*whole_run(), started("run2"), RunFailed("boom", "report it", ""))
    assert panel.next.text() == "It had made nothing yet. Next: report it."


def test_a_stopped_measurement_shows_no_time_of_plain_decoding_and_says_why(show):
    panel = show(MetricsPanel)
    show.say(*whole_run()[:4])
    assert panel._pass.text() == "Cost and speed, as written"
    plain = next(block for block in blocks() if block.lane == "plain")
    show.say(plain, RunFinished("cancelled", 5))
    panel.refresh()
    assert panel.values()["plain, per token"] == "—"
    assert "Stopped before both were timed" in headline_words.verdict(show.store.summary, show.store.started)[0]


def test_figures_side_by_side_divide_to_the_headline_and_say_their_pass(show):
    panel = show(MetricsPanel)
    show.say(*whole_run())
    values = panel.values()
    plain, drafted = (float(values[name].split()[0]) for name in ("plain, per token", "time per token"))
    assert quantities.times(show.store.summary.speedup) == f"{plain / drafted:.2f}×"
    assert float(values["tokens/s"]) == pytest.approx(1000 / drafted)
    assert panel._pass.text() == "Cost and speed, timed"
    panel.best_gamma.close()


def test_an_error_can_be_dismissed(show, qtbot):
    panel = show(ErrorPanel)
    show.say(Refused("run", "no", "yes"))
    qtbot.mouseClick(panel.close_button, Qt.MouseButton.LeftButton)
    assert not panel.frame.isVisible()
    assert show.store.trouble is None


def test_the_status_line_says_in_words_what_the_engine_does(show):
    panel = show(StatusPanel)
    panel.every_ms = 0
    show.store.load(PAIR)
    show.say(Estimated(1, 2, 3, 24_000_000_000, "cpu"), Progressed("loading", 1, 4, "bytes"))
    assert panel.state.text() == "loading built-in target (7.9 M) and built-in drafter (0.42 M): 1 B of 4 B"
    show.say(Progressed("loading", 3e6, 12e6, "bytes", elapsed_s=1.5))
    assert panel.state.text() == "loading built-in target (7.9 M) and built-in drafter (0.42 M): 3 MB of 12 MB"
    show.say(Progressed("loading", 1, 4, "bytes"))
    assert panel.progress.value() == 250
    show.say(MODEL)
    assert panel.device.text() == "cpu · 41 MB of 24 GB"
    show.store.run(PAIR, Run("speculative", {}, Request("x")))
    show.say(*whole_run()[:3])
    assert panel.state.text() == "drafting round 1 of ~43"
    show.say(whole_run()[3], *blocks(), Progressed("measuring", 3, 10, "blocks"))
    assert panel.state.text() == ("text done; measuring against plain decoding, block 3 of 10; Stop keeps the text")
    show.say(RunFinished("length", 5))
    assert panel.state.text() == "5 tokens in 2 rounds, length reached"


def test_the_form_has_a_control_with_help_for_each_setting(qtbot):
    from PySide6.QtWidgets import QWidget

    parent = QWidget()
    qtbot.addWidget(parent)
    form = ConfigForm(SpeculativeConfig, parent)
    for field in fields_of(SpeculativeConfig):
        assert form.control(field.name).accessibleName() == field.title
        named = field.kind.values if isinstance(field.kind, LiteralType) else ()
        assert form.control(field.name).toolTip() == with_names(field.name, field.help, map(str, named)) != ""
    assert make_config(SpeculativeConfig, form.values(SpeculativeConfig)) == SpeculativeConfig()


def test_the_form_keeps_a_rate_of_any_size_and_writes_it_shortly(qtbot):
    from PySide6.QtWidgets import QWidget

    parent = QWidget()
    qtbot.addWidget(parent)
    form = ConfigForm(DrafterConfig, parent)
    for rate, text in ((0.0004, "0.0004"), (2.5e-6, "0.0000025"), (0.0, "auto")):
        form.set_values({"rate": rate})
        assert form.values(DrafterConfig)["rate"] == rate
        assert form.control("rate").text() == text


def test_the_form_keeps_settings_within_their_bounds(qtbot):
    from PySide6.QtWidgets import QWidget

    parent = QWidget()
    qtbot.addWidget(parent)
    form = ConfigForm(SpeculativeConfig, parent)
    form.set_values({"gamma": 1000, "top_p": -1, "seed": 2**60, "temperature": 0.35, "max_new_tokens": 0})
    values = form.values(SpeculativeConfig)
    assert (values["gamma"], values["seed"], values["max_new_tokens"]) == (64, 2**53, 1)
    assert values["top_p"] > 0
    assert make_config(SpeculativeConfig, values).temperature == 0.35


def test_the_method_follows_from_the_drafter(show):
    panel = show(SetupPanel, PAIR)
    assert panel.setup().method == "speculative"
    panel.drafter.setEditText("none")
    assert panel.setup().method == "plain"
    assert set(panel.setup().settings) == set(PlainConfig.__struct_fields__)
    assert not panel.form.control("gamma").isVisible()


def test_another_target_takes_a_drafter_that_can_follow_it(show):
    panel = show(SetupPanel, PAIR)
    panel.target.setEditText("some/folder")
    assert panel.setup().pair == Load(target="some/folder", drafter="lookup")


def test_the_buttons_of_the_error_bar_say_what_they_do(qtbot):
    store = RunStore()
    panel = ErrorPanel(store)
    qtbot.addWidget(panel)
    for button in (panel.more, panel.close_button):
        assert button.toolTip()
        assert "error" in button.accessibleName()
