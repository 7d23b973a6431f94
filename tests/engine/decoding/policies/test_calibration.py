from engine.decoding.policies.calibration import LengthTiming
from engine.decoding.policies.policy import RoundFacts
from engine.decoding.policies.round_times import RoundTimes


def run(lengths: list[int], ms: float, *, drafts: bool = True) -> tuple[RoundTimes, list[int]]:
    times = RoundTimes()
    calibration, asked = LengthTiming(lengths, times), []
    while not calibration.done:
        gamma = calibration.gamma
        asked.append(gamma)
        calibration.observe(RoundFacts(gamma, gamma if drafts else 0, 0, ms * (1 + gamma), 10))
    return times, asked


def test_every_length_takes_its_turn_and_the_first_turn_is_not_counted() -> None:
    times, asked = run([0, 2, 5], 1.0)
    assert asked == [0, 2, 5, 5, 2, 0] * 4
    assert [times.ms(n) for n in (0, 2, 5)] == [1.0, 3.0, 6.0]


def test_slow_rounds_are_timed_once() -> None:
    times, asked = run([0, 2, 5], 900.0)
    assert asked == [0, 2, 5]
    assert times.ms(5) == 5400.0


def test_a_drafter_with_nothing_to_propose_leaves_its_lengths_unknown() -> None:
    times, _ = run([0, 2], 1.0, drafts=False)
    assert times.knows(0) and not times.knows(2)


def test_the_text_is_long_enough_for_all_rounds() -> None:
    assert LengthTiming([0, 2], RoundTimes()).n_most == 8 * (2 + 2)
