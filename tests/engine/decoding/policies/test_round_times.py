import pytest

from engine.decoding.policies.round_times import RoundTimes


def times(**ms: float) -> RoundTimes:
    made = RoundTimes()
    for name, value in ms.items():
        made.calibrate(int(name[1:]), value)
    return made


def test_lengths_between_lie_on_a_line_and_longer_ones_continue_it() -> None:
    made = times(n0=10.0, n4=14.0)
    assert [made.ms(n) for n in (0, 2, 4, 6)] == [10.0, 12.0, 14.0, 16.0]


def test_noise_makes_no_longer_draft_cheaper() -> None:
    assert times(n0=10.0, n2=12.0, n4=11.0).ms(9) == 11.0


def test_one_time_tells_nothing_of_another_length() -> None:
    made = times(n3=5.0)
    assert made.ms(3) == 5.0
    assert made.ms(4) is None
    assert made.knows(3) and not made.knows(4)


def test_the_least_of_the_times_before_a_run_counts() -> None:
    made = times(n1=5.0)
    made.calibrate(1, 4.0)
    made.calibrate(1, 9.0)
    made.calibrate(1, 0.0)
    assert made.ms(1) == 4.0


def test_what_slows_one_length_mostly_slows_all() -> None:
    made = times(n0=10.0, n4=20.0)
    for _ in range(60):
        made.observe(4, 30.0)
    assert made.ms(4) == pytest.approx(30.0, rel=0.01)
    plain = made.ms(0)
    assert plain is not None and 12.0 < plain < 15.0


def test_a_single_slow_round_moves_little() -> None:
    made = times(n0=10.0, n4=20.0)
    made.observe(4, 2000.0)
    assert made.ms(4) == pytest.approx(20.0, rel=0.07)


def test_a_length_seen_first_during_a_run_is_taken_as_it_is() -> None:
    made = RoundTimes()
    made.observe(2, 7.0)
    assert made.ms(2) == 7.0


def test_lengths_are_tried_once() -> None:
    made = RoundTimes()
    assert made.lacks([0, 4])
    made.tried([0, 4, 8])
    assert not made.lacks([0, 4])
    assert made.lacks([0, 5])
