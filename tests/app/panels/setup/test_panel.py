import pytest
from PySide6.QtCore import QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLabel

from app import application
from engine.commands import Load, Run
from engine.events import Progressed, Refused
from engine.methods.plain.config import PlainConfig
from engine.settings import Request
from tests.app.factory import MODEL, PAIR, started, whole_run
from tests.app.panels.setup.setup_form import NEEDED, loaded


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
    panel = loaded(setup)
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
    panel = loaded(setup)
    panel.more.open(True)
    panel.measure_only_toggled.connect(lambda chosen: setattr(setup.store, "measure_only", chosen))
    setup.store.run(PAIR, Run("speculative", {}, Request("x")))
    setup.say(started())
    assert not panel.measure.line.isVisible()
    panel.measure.box.click()
    assert panel.measure.line.isVisible()
    setup.say(*whole_run()[1:])
    assert not panel.measure.line.isVisible()


def test_an_instruct_model_is_asked_as_chat_with_the_system_prompt(setup):
    panel = loaded(setup, chat_template=True, chat=True, why_chat="instruct model")
    panel.chat.system.setPlainText("Be brief.")
    assert panel.setup().settings["system"] == "Be brief."
    panel.show_settings(started(settings={"chat": "off", "system": ""}))
    assert panel.setup().settings["chat"] == "off"
    panel.opened.back_asked.emit()
    assert (panel.setup().settings["chat"], panel.setup().settings["system"]) == ("auto", "Be brief.")


@pytest.mark.parametrize("chat", [False, True])
def test_tab_goes_down_the_column_as_it_is_seen(setup, chat):
    panel = loaded(setup, chat_template=chat, chat=chat)
    panel.more.open(True)
    assert panel.chat.isVisible() is chat
    stops, widget = [], panel.opened.back
    for _ in range(200):
        takes_focus = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and panel.isAncestorOf(widget)
        if takes_focus and widget.isVisibleTo(panel):
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


def test_what_is_rarely_changed_is_folded_away_and_counted_where_it_was_changed(setup):
    panel = loaded(setup)
    seen = {name for name in ("gamma", "temperature", "max_new_tokens") if panel.form.control(name).isVisible()}
    assert seen == {"gamma", "temperature", "max_new_tokens"}
    rare = (*map(panel.form.control, ("top_k", "seed", "repeats", "baseline")), panel.device, panel.models.runtime)
    assert not any(control.isVisible() for control in rare)
    panel.form.control("top_k").setValue(7)
    panel.device.choose("cpu")
    assert panel.more.button.text() == "More (2 changed)"
    panel.more.open(True)
    assert all(control.isVisible() for control in rare)
    panel.save(settings := application.user_settings())
    again = setup(PAIR)
    again.restore(settings)
    assert again.more.is_open and again.form.control("top_k").value() == 7


def test_the_models_own_rules_are_shown_and_can_be_left_out(setup):
    panel = loaded(setup, rules=("repetition penalty 1.3",))
    assert panel.setup().settings["generation_rules"] is True
    assert panel.rules.words.text() == "Applied to every token: repetition penalty 1.3."
    panel.form.control("generation_rules").click()
    assert panel.setup().settings["generation_rules"] is False
    assert panel.rules.words.text() == "Left out: repetition penalty 1.3."
