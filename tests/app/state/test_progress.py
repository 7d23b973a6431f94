"""How long something still takes."""

import pytest

from app.state.progress import ProgressWatch


def test_the_time_left_follows_from_the_rate_so_far():
    progress = ProgressWatch()
    progress.see("loading", 0, 100, 10.0)
    progress.see("loading", 25, 100, 12.0)
    assert progress.per_s == pytest.approx(12.5)
    assert progress.left_s == pytest.approx(6.0)


def test_nothing_is_guessed_from_too_little():
    progress = ProgressWatch()
    progress.see("loading", 0, 100, 10.0)
    progress.see("loading", 50, 100, 10.1)
    assert progress.left_s is None
    progress.see("loading", 50, 100, 10.1)
    progress.see("loading", 50, 100, 99.0)
    assert progress.left_s is not None


def test_nothing_moving_has_no_end_in_sight():
    progress = ProgressWatch()
    progress.see("loading", 5, 100, 0.0)
    progress.see("loading", 5, 100, 9.0)
    assert progress.left_s is None


@pytest.mark.parametrize(("what", "done", "total"), [("measuring", 9, 100), ("loading", 9, 50), ("loading", 1, 100)])
def test_another_thing_begins_anew(what, done, total):
    progress = ProgressWatch()
    progress.see("loading", 2, 100, 0.0)
    progress.see("loading", 8, 100, 5.0)
    progress.see(what, done, total, 6.0)
    assert progress.per_s is None
