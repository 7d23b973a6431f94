"""The command of a live race."""

from app.workspaces.presentation.race_command import race_command
from engine.commands import Load
from tests.app.workspaces.presentation.races import compared


def test_without_anything_on_show_the_loaded_pair_races_plain_decoding() -> None:
    command = race_command("once", Load(device="cpu", dtype="float32"), None, 4)
    assert [(lane.name, lane.drafter, lane.gamma) for lane in command.lanes] == [
        ("plain", "none", 0),
        ("builtin γ 4", "builtin", 4),
    ]
    assert (command.prompt, command.device, command.dtype) == ("once", "cpu", "float32")


def test_a_pair_without_a_drafter_gets_one() -> None:
    assert race_command("once", Load(drafter="none"), None, 4).lanes[1].drafter == "builtin"
    assert race_command("once", Load("/models/a", "none"), None, 4).lanes[1].drafter == "lookup"


def test_lanes_on_show_race_again_with_their_settings_if_they_are_of_the_loaded_target() -> None:
    script = compared(n_tokens=64)
    same = race_command("once", Load(), script, 4)
    assert [lane.name for lane in same.lanes] == ["plain", "builtin:small γ 2", "builtin γ 4"]
    assert same.settings["max_new_tokens"] == 64
    assert race_command("once", Load("/models/a", "/models/b"), script, 4).lanes[1].drafter == "/models/b"
