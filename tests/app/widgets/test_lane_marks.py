"""Marks of lanes: distinct in shape and colour, fixed for plain decoding, the same for the same lanes."""

from itertools import pairwise

from app import theme
from app.widgets.lane_marks import PLAIN_MARK, marks_of


def test_plain_decoding_has_its_mark_wherever_it_stands() -> None:
    assert marks_of(("a", "plain", "b"))["plain"] == PLAIN_MARK
    assert marks_of(("a", "plain", "b"))["b"] == marks_of(("plain", "a", "b"))["b"]


def test_fifty_four_lanes_have_different_marks_and_neighbours_differ_in_both() -> None:
    marks = [mark for lane, mark in marks_of(("plain", *map(str, range(54)))).items() if lane != "plain"]
    assert len(set(marks)) == 54
    assert all(a.glyph != b.glyph and a.hue != b.hue for a, b in pairwise(marks))


def test_the_star_of_the_recommendation_is_no_lane() -> None:
    assert "★" not in {mark.glyph for mark in marks_of(tuple(map(str, range(50)))).values()}


def test_every_colour_is_one_of_the_theme(qapp) -> None:  # type: ignore[no-untyped-def]
    theme.apply(qapp, "dark")
    assert all(mark.colour.isValid() for mark in marks_of(("plain", *map(str, range(8)))).values())
    theme.apply(qapp, "light")
