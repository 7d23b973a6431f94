from app.words.pace import RemainingTime, loaded_so_far, pace
from engine.events import Progressed


def test_rate_and_time_left_follow_from_what_was_done():
    assert pace(Progressed("loading", 30, 90, "bytes", elapsed_s=1.5)) == RemainingTime(20, 3)


def test_nothing_is_foretold_too_early():
    assert pace(Progressed("loading", 0, 90, "bytes", elapsed_s=9)) is None
    assert pace(Progressed("loading", 30, 90, "bytes", elapsed_s=0.01)) is None
    assert loaded_so_far(Progressed("loading", 0, 9e9, "bytes")) == "0 B of 9 GB"


def test_words_say_bytes_rate_and_time_left():
    text = loaded_so_far(Progressed("loading", 12e6, 64e6, "bytes", elapsed_s=0.5))
    assert text == "12 MB of 64 MB, 24 MB/s, 2 s left"


def test_more_than_expected_leaves_no_time():
    assert pace(Progressed("loading", 95, 90, "bytes", elapsed_s=1)).left_s == 0
