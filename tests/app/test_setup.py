import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLabel

from app import application
from app.panels.setup import SetupPanel
from app.store import RunStore
from engine import folders
from engine.commands import Estimate, Load, Run, Survey
from engine.events import Estimated, ModelLoaded, ModelOption, Progressed, Refused, Surveyed
from engine.method import Request
from engine.methods.plain.config import PlainConfig
from tests.app.factory import MODEL, PAIR, FakeHost, started, whole_run

NEEDED = Estimated(32_000_000, 21_000_000, 5_000_000, 24_000_000_000, "cpu", "builtin", "builtin", 2048)


@pytest.fixture
def setup(qtbot):
    """A panel whose store has an engine; `say` lets the engine speak."""
    store, host, panels = RunStore(), FakeHost(), []
    store.attach(host)

    def make(pair: Load = PAIR, *, named: bool = False) -> SetupPanel:
        panel = SetupPanel(store, pair, named=named)
        panel.every_ms = 0
        qtbot.addWidget(panel)
        panel.show()
        panels.append(panel)
        return panel

    def say(*events):
        host.say(*events)
        store.pump()

    make.store, make.host, make.say = store, host, say
    yield make
    for panel in panels:
        panel.close()


def _loaded(setup, pair: Load = PAIR) -> SetupPanel:
    panel = setup(pair)
    setup.store.load(pair)
    setup.say(NEEDED, MODEL)
    return panel


def _ask(panel: SetupPanel) -> None:
    """What the pause before a question would do."""
    panel._pause.stop()
    panel._ask()


def test_models_are_looked_for_once_the_pair_is_loaded(setup, qtbot):
    panel = setup()
    _ask(panel)
    assert setup.host.submitted == []
    setup.store.load(PAIR)
    setup.say(NEEDED)
    _ask(panel)
    assert setup.host.submitted == [PAIR]
    setup.say(MODEL)
    qtbot.waitUntil(lambda: len(setup.host.submitted) == 2)
    assert setup.host.submitted[1] == Survey("builtin")
    setup.say(Surveyed("builtin", ()))
    _ask(panel)
    assert len(setup.host.submitted) == 2


def test_another_pair_is_estimated_before_it_is_loaded(setup):
    panel = _loaded(setup)
    _ask(panel)
    setup.say(Surveyed("builtin", ()))
    panel.drafter.set_spec("builtin:small")
    assert panel.memory.bar.segments() == ()
    _ask(panel)
    assert setup.host.submitted[-1] == Estimate(Load("builtin", "builtin:small"))
    setup.say(Estimated(32_000_000, 21_000_000, 1_000_000, 1_000_000, "cpu", "builtin", "builtin:small", 2048))
    assert panel.memory.bar.segments()[2].n_bytes == 1_000_000
    assert panel.memory.verdict.text() == "✗ does not fit"
    assert panel.memory.verdict.property("role") == "bad"
    assert "the next run loads" in panel.memory.memory_of.text()
    assert panel.memory.loaded.text().startswith(
        "Loaded: built-in target (7.9 M) with built-in drafter (0.42 M), float32 on cpu"
    )
    _ask(panel)
    assert not setup.store.commands.unanswered


def test_a_pair_that_was_refused_at_the_start_can_be_left_for_another(setup):
    panel = setup(Load("./gone", "lookup"))
    setup.store.load(Load("./gone", "lookup"))
    setup.say(Refused("load", "there is no folder ./gone", "check the path"))
    panel.models.choose("builtin", "builtin")
    _ask(panel)
    assert setup.host.submitted[1] == Estimate(Load())


def test_nothing_is_asked_where_there_is_no_engine(setup):
    panel = setup()
    setup.say(*whole_run())
    _ask(panel)
    assert (setup.host.submitted, setup.store.commands.unanswered) == ([], False)


def test_dtype_and_device_change_the_estimate(setup):
    panel = _loaded(setup)
    panel.dtype.setCurrentText("float16")
    _ask(panel)
    setup.say(NEEDED)
    assert setup.host.submitted[1:] == [Estimate(Load(dtype="float16")), Survey("builtin", (), "auto", "float16")]
    setup.say(Surveyed("builtin", ()))
    panel.dtype.setCurrentText("auto")
    _ask(panel)
    assert setup.host.submitted[3] == Estimate(PAIR)


def test_runtime_is_chosen_estimated_kept_and_said_with_the_reason(setup):
    panel = _loaded(setup)
    box = panel.models.runtime
    assert (box.accessibleName(), box.currentText()) == ("Forward", "auto")
    assert "rounding" in box.toolTip()
    box.setCurrentText("modules")
    assert panel.setup().pair == Load(runtime="modules")
    panel.save(settings := application.user_settings())
    again = setup(PAIR)
    again.restore(settings)
    assert again.setup().pair.runtime == "modules"
    setup.say(replace(MODEL, runtime="fused", drafter_runtime="modules", why_drafter_modules="it is\nodd"))
    assert panel.models.runtime_note.text() == "in memory: target fused · drafter modules (it is⏎odd)"


def test_nothing_is_asked_while_a_run_is_under_way(setup):
    panel = _loaded(setup)
    _ask(panel)
    setup.say(Surveyed("builtin", ()))
    setup.store.run(PAIR, Run("speculative", {}, Request("x")))
    panel.drafter.set_spec("none")
    _ask(panel)
    assert not any(isinstance(command, Estimate) for command in setup.host.submitted)


def test_another_target_and_another_look_survey_again(setup):
    panel = _loaded(setup)
    _ask(panel)
    setup.say(Surveyed("builtin", ()))
    panel.target.look_asked.emit()
    _ask(panel)
    assert setup.host.submitted[-1] == Survey("builtin")
    setup.say(Surveyed("builtin", ()))
    panel.target.set_spec("org/big")
    _ask(panel)
    setup.say(Estimated(1, 1, 0, 9, "cpu", "org/big", "lookup", 1))
    assert setup.host.submitted[-1] == Survey("org/big")


def test_what_cannot_serve_is_said_beside_the_pickers(setup):
    panel = _loaded(setup)
    reason = "org/x does not share the tokenizer of builtin: token 0 is '<b>' there"
    setup.say(
        Surveyed("builtin", (ModelOption("org/x", "org/x", 5, "drafter", reason),
                             ModelOption("org/y", "org/y", 5, "drafter")))
    )  # fmt: skip
    assert panel.models.others.text() == "Drafters that cannot follow: 1"
    assert [choice.why_not for choice in panel.drafter.choices() if choice.spec == "org/x"] == [reason]
    panel.drafter.set_spec("org/x")
    assert panel.models.drafter_note.text() == f"⚠ why not: {reason}"
    assert (panel.drafter.faulty, panel.target.faulty) == (True, False)
    panel.drafter.set_spec("org/y")
    assert not panel.models.drafter_note.text().startswith("⚠")
    assert not panel.drafter.faulty


def test_reasons_for_one_target_are_not_held_against_another(setup):
    panel = _loaded(setup)
    setup.say(Surveyed("builtin", (ModelOption("org/x", "org/x", 5, "drafter", "another tokenizer"),)))
    panel.target.set_spec("org/big")
    (choice,) = (choice for choice in panel.drafter.choices() if choice.spec == "org/x")
    assert choice.why_not == ""
    assert "cannot follow" not in panel.models.others.text()


def test_reason_of_an_estimate_is_said(setup):
    panel = _loaded(setup)
    panel.target.set_spec("./nowhere")
    _ask(panel)
    setup.say(Estimated(0, 0, 0, 0, "auto", "./nowhere", "lookup", why_not="there is no folder\n./nowhere"))
    assert panel.models.target_note.text() == "⚠ why not: there is no folder⏎./nowhere"
    assert (panel.target.faulty, panel.drafter.faulty) == (True, False)
    assert (panel.memory.bar.verdict(), panel.memory.verdict.text()) == ("", "not known")


def test_unreadable_cache_is_said(setup):
    panel = _loaded(setup)
    setup.say(Surveyed("builtin", (), "the hub cache x cannot be read (Permission denied)"))
    assert "cannot be read" in panel.models.others.text()


def test_two_hundred_models_are_listed(setup):
    panel = _loaded(setup)
    options = tuple(
        ModelOption(f"org/m{n}", f"org/m{n}", n, "drafter", "too large" if n % 2 else "") for n in range(200)
    )
    setup.say(Surveyed("builtin", options))
    assert panel.drafter.count() == 2 + len(folders.BUILTIN_DRAFTERS) + 200 + 2
    assert sum(not panel.drafter.model().item(row).isEnabled() for row in range(panel.drafter.count())) == 100


def test_loading_shows_bytes_rate_and_time_left(setup):
    panel = setup()
    setup.store.load(PAIR)
    setup.say(NEEDED, Progressed("loading", 20e6, 40e6, "bytes", elapsed_s=2))
    assert panel.memory.progress.isVisible()
    assert panel.memory.progress.value() == 500
    assert panel.memory.loaded.text() == "Loading: 20 MB of 40 MB, 10 MB/s, 2 s left"
    setup.say(MODEL)
    assert not panel.memory.progress.isVisible()


def test_folders_that_were_loaded_are_offered(setup):
    panel = setup()
    setup.store.load(PAIR)
    setup.say(ModelLoaded("/m/<b>\n\u202ebig", "/m/small", "cpu", "float32", 128, 1, 1, 0.1))
    assert [choice.spec for choice in panel.target.choices()] == ["builtin", "/m/<b>\n\u202ebig", "/m/small"]
    assert panel.memory.loaded.text().startswith("Loaded: /m/<b>⏎⟨U+202E⟩big with /m/small")
    assert panel.memory.loaded.textFormat() == Qt.TextFormat.PlainText


def test_a_chosen_folder_is_offered_and_looked_at(setup):
    panel = _loaded(setup)
    _ask(panel)
    setup.say(Surveyed("builtin", ()))
    panel.models._take_folder(panel.drafter, "/m/draft")
    _ask(panel)
    assert panel.setup().pair.drafter == "/m/draft"
    assert setup.host.submitted[-1] == Estimate(Load("builtin", "/m/draft"))
    setup.say(Estimated(1, 1, 1, 9, "cpu", "builtin", "/m/draft", 1))
    assert setup.host.submitted[-1] == Survey("builtin", ("/m/draft",))


def test_presets_set_the_form_and_follow_it(setup):
    panel = setup()
    assert panel.preset.currentData() == "greedy"
    panel.preset.pick("sampling")
    values = panel.setup().settings
    assert (values["temperature"], values["top_p"], values["gamma"]) == (0.8, 0.95, 4)
    panel.form.set_values({"gamma": 8})
    assert panel.preset.currentText() == "Custom"
    panel.preset.pick("long_draft")
    assert (panel.preset.currentData(), panel.setup().settings["temperature"]) == ("long_draft", 0.0)


def test_the_plain_preset_takes_the_drafter_away_and_another_gives_it_back(setup):
    panel = setup(Load(drafter="builtin:small"))
    panel.preset.pick("plain")
    assert panel.setup().method == "plain"
    assert set(panel.setup().settings) == set(PlainConfig.__struct_fields__)
    panel.preset.pick("short_draft")
    assert panel.setup().pair.drafter == "builtin:small"
    assert panel.setup().settings["gamma"] == 2


def test_a_run_on_show_shows_its_settings(setup):
    panel = setup()
    panel.show_settings(started(settings={"gamma": 8, "seed": 5, "temperature": 0.0, "unknown": "x"}))
    values = panel.setup().settings
    assert (values["gamma"], values["seed"]) == (8, 5)
    assert panel.preset.currentData() == "long_draft"


def test_measure_only_is_said_and_kept(setup, qtbot):
    panel, settings = setup(), application.user_settings()
    with qtbot.waitSignal(panel.measure_only_toggled) as told:
        panel.measure.box.click()
    assert told.args == [True]
    panel.save(settings)
    again = setup()
    again.restore(settings)
    assert again.measure_only


def test_pair_folders_and_settings_come_back(setup):
    panel, settings = setup(), application.user_settings()
    panel.models._take_folder(panel.target, "/m/big")
    panel.form.set_values({"gamma": 7, "baseline": False})
    panel.save(settings)
    again = setup()
    again.restore(settings)
    assert again.setup().pair == Load("/m/big", "lookup")
    assert again.setup().settings["gamma"] == 7
    assert "/m/big" in [choice.spec for choice in again.target.choices()]


@pytest.mark.parametrize(("pair", "named"), [(Load("org/x", "none"), False), (Load(), True)])
def test_a_pair_named_on_the_command_line_stays(setup, pair, named):
    before, settings = setup(), application.user_settings()
    before.models.choose("/m/big", "lookup")
    before.save(settings)
    panel = setup(pair, named=named)
    panel.restore(settings)
    assert panel.setup().pair == pair


def test_settings_edited_by_hand_do_no_harm(setup, tmp_path):
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    for name, value in (
        ("gamma", "many"),
        ("target", ["x"]),
        ("baseline", "perhaps"),
        ("measure_only", "7x"),
        ("seed", "nan"),
        ("top_k", "inf"),
    ):
        settings.setValue(f"decode/{name}", value)
    panel = setup()
    panel.restore(settings)
    assert panel.setup().pair == Load()
    values = panel.setup().settings
    assert (values["gamma"], values["seed"], values["top_k"]) == (4, 0, 0)


def test_every_label_beside_a_control_is_explained(setup):
    panel = setup()
    beside = [label for label in panel.findChildren(QLabel) if label.buddy() is not None]
    assert len(beside) >= 12
    assert all(label.toolTip() and label.buddy().toolTip() for label in beside)
    controls = [*panel.findChildren(QComboBox), *panel.findChildren(QAbstractSpinBox)]
    assert all(control.accessibleName() for control in controls)


def test_the_wheel_over_a_number_scrolls_instead_of_changing_it(setup):
    panel = setup()
    gamma, at = panel.form.control("gamma"), QPointF(5, 5)
    wheel = QWheelEvent(
        at, gamma.mapToGlobal(at), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    gamma.wheelEvent(wheel)
    assert (gamma.value(), wheel.isAccepted()) == (4, False)


def test_the_column_may_be_narrow(setup):
    panel = setup()
    assert panel.minimumSizeHint().width() <= 226


def test_a_stream_of_rounds_costs_the_setup_nothing(setup, monkeypatch):
    panel = _loaded(setup)
    drawn = []
    monkeypatch.setattr(panel, "_draw_needed", lambda: drawn.append(1))
    for _ in range(5):
        setup.store.changed.emit()
    assert drawn == []


def test_a_wrong_target_takes_the_drafter_away_only_until_it_is_mended(setup, qtbot):
    panel = setup(Load(drafter="builtin:small"))
    for spec in ("/tmp/x", "", "builti"):
        panel.target.set_spec(spec)
        assert panel.setup().pair.drafter == "lookup"
        assert panel.models.drafter_note.text().startswith("drafter set to lookup because")
    panel.target.set_spec("builtin")
    assert panel.setup().pair.drafter == "builtin:small"
    assert panel.models.drafter_note.text().startswith("built-in small drafter")


def test_a_drafter_chosen_meanwhile_is_kept(setup):
    panel = setup()
    panel.target.set_spec("org/x")
    panel.drafter.set_spec("none")
    panel.target.set_spec("builtin")
    assert panel.setup().pair.drafter == "none"
    panel.models.choose("org/x", "lookup")
    assert "because" not in panel.models.drafter_note.text()


def test_a_refused_load_is_no_longer_said_once_another_pair_is_chosen(setup):
    panel = setup(Load("./gone", "lookup"))
    setup.store.load(Load("./gone", "lookup"))
    setup.say(Refused("load", "there is no folder ./gone", "check the path"))
    panel.form.set_values({"gamma": 7})
    assert setup.store.trouble is not None
    panel.target.set_spec("builtin")
    assert setup.store.trouble is None


def test_the_method_form_stands_still_while_models_load_and_change(setup, qtbot):
    panel = setup()
    panel.resize(240, 1000)
    tops = []
    for events in ((NEEDED, Progressed("loading", 20e6, 40e6, "bytes", elapsed_s=2)), (MODEL,)):
        setup.store.load(PAIR)
        setup.say(*events)
        panel.layout().activate()
        tops.append(panel.form.mapTo(panel, QPoint()).y())
    panel.drafter.set_spec("builtin:small")
    panel.layout().activate()
    tops.append(panel.form.mapTo(panel, QPoint()).y())
    assert len(set(tops)) == 1
    assert panel.memory.y() > panel.form.geometry().bottom()


def test_settings_before_a_run_was_opened_are_given_back(setup, qtbot):
    panel = setup(Load(drafter="builtin:small"))
    panel.form.set_values({"gamma": 7})
    mine = panel.setup()
    panel.show_settings(started(settings={"gamma": 2}, drafter="lookup"))
    panel.show_settings(started(settings={"gamma": 3}, drafter="lookup"))
    assert panel.opened.isVisible()
    assert panel.setup() != mine
    with qtbot.waitSignal(panel.settings_restored):
        panel.opened.back.click()
    assert panel.setup() == mine
    assert not panel.opened.isVisible()


def test_settings_edited_after_an_opened_run_are_ones_own(setup):
    panel = setup()
    panel.show_settings(started(settings={"gamma": 2}))
    panel.form.set_values({"gamma": 9})
    panel.show_settings(started(settings={"gamma": 3}))
    panel.opened.back.click()
    assert panel.setup().settings["gamma"] == 9


def test_measuring_only_is_said_while_it_hides_a_run(setup):
    panel = _loaded(setup)
    panel.measure_only_toggled.connect(lambda chosen: setattr(setup.store, "measure_only", chosen))
    setup.store.run(PAIR, Run("speculative", {}, Request("x")))
    setup.say(started())
    assert not panel.measure.line.isVisible()
    panel.measure.box.click()
    assert panel.measure.line.isVisible()
    setup.say(*whole_run()[1:])
    assert not panel.measure.line.isVisible()


def test_tab_goes_down_the_column_as_it_is_seen(setup):
    panel = setup()
    stops, widget = [], panel.opened.back
    for _ in range(200):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and panel.isAncestorOf(widget):
            stops.append(widget.mapTo(panel, QPoint()).y())
        widget = widget.nextInFocusChain()
        if widget is panel.opened.back:
            break
    assert len(stops) >= 15
    assert stops == sorted(stops)


def test_pairs_are_explained(setup):
    tip = setup().form.control("repeats").toolTip()
    assert "one of plain decoding" in tip
    assert "about twice the run" in tip
    assert "The run on show comes first and is in none of them" in tip
