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
    for ms in [20.0] * 40 + [30.0] * 60:
        made.observe(4, ms)
    assert made.ms(4) == pytest.approx(30.0, rel=0.01)
    plain = made.ms(0)
    assert plain is not None and 12.0 < plain < 15.0


def test_a_single_slow_round_moves_little() -> None:
    made = times(n0=10.0, n4=20.0)
    made.observe(4, 2000.0)
    assert made.ms(4) == pytest.approx(20.0, rel=0.16)


def test_a_length_seen_first_during_a_run_is_taken_as_it_is() -> None:
    made = RoundTimes()
    made.observe(2, 7.0)
    assert made.ms(2) == 7.0


def test_what_was_disturbed_before_a_run_takes_no_longer_than_longer_drafts() -> None:
    made = times(n0=8.8, n1=18.8, n2=4.7, n4=9.5, n8=6.3, n16=13.5)
    made.tried([0, 1, 2, 4, 8, 16])
    assert [made.ms(n) for n in (0, 1, 2, 4, 8, 16)] == [4.7, 4.7, 4.7, 6.3, 6.3, 13.5]


def test_the_first_rounds_of_a_length_soon_correct_a_wrong_time() -> None:
    made = times(n0=10.0, n4=10.0)
    for _ in range(6):
        made.observe(4, 15.0)
    at_4, plain = made.ms(4), made.ms(0)
    assert at_4 is not None and plain is not None
    assert at_4 > 13.0 and at_4 / plain > 1.15


def test_lengths_are_tried_once() -> None:
    made = RoundTimes()
    assert made.lacks([0, 4])
    made.tried([0, 4, 8])
    assert not made.lacks([0, 4])
    assert made.lacks([0, 5])
