from pytestqt.qtbot import QtBot

from app.panels.stream.mode_switch import ModeSwitch


def test_one_of_the_two_modes_is_chosen_and_changes_are_told(qtbot: QtBot) -> None:
    switch = ModeSwitch(None)  # type: ignore[arg-type]
    qtbot.addWidget(switch)
    told: list[bool] = []
    switch.changed.connect(told.append)
    assert switch.reading.isChecked() and not switch.is_inspecting
    switch.inspecting.click()
    switch.inspecting.click()
    assert switch.is_inspecting and not switch.reading.isChecked()
    switch.inspect(False)
    assert told == [True, False]
