"""Tables about a drafter before its training."""

from engine.cli import drafter_tables
from engine.events import LayersTried, OwnLayers, SizeOption, TrainingEstimated


def test_layers_that_follow_one_another_are_written_as_a_range() -> None:
    assert drafter_tables.ranges((0, 1, 2, 7, 28, 29)) == "0-2, 7, 28-29"
    assert drafter_tables.ranges(()) == ""


def test_choice_that_is_taken_is_marked() -> None:
    event = LayersTried((OwnLayers("first", (0, 1), 0.1), OwnLayers("both ends", (0, 5), 0.42)), (0, 5), 300)
    assert drafter_tables.choices(event)[1:] == [
        ("first", "0-1", "0.100", ""),
        ("both ends", "0, 5", "0.420", "taken"),
    ]


def test_size_that_can_never_pay_says_so() -> None:
    sizes = (SizeOption(4, 42_472_512, 0.315, 0.37), SizeOption(28, 127_000_000, 0.95, None))
    event = TrainingEstimated("T", "cpu", 0, 0, 0, 0, 0, 4, 576, 1, 1.0, gamma=2, sizes=sizes)
    assert drafter_tables.sizes(event) == [
        ("layers kept", "parameters", "c, timed", "pays from alpha, draft 2"),
        ("4", "42.5 M", "0.32", "0.37"),
        ("28", "127.0 M", "0.95", "never"),
    ]
