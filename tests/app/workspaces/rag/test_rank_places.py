from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from app.workspaces.rag.rank_places import Box, rank_places

_MARK = 8


def test_a_lone_point_has_its_rank_at_its_right_shoulder() -> None:
    assert rank_places([(100, 100)], [(7, 14)], _MARK) == [Box(108, 86, 7, 14)]


def test_ranks_of_near_points_part() -> None:
    points = [(100, 100), (106, 100), (100, 130)]
    places = rank_places(points, [(7, 14), (14, 14), (7, 14)], _MARK)
    assert all(place is not None for place in places)
    assert not any(a.meets(b) for a, b in combinations(places, 2))


def test_the_rank_of_a_point_hidden_under_others_is_left_to_the_table() -> None:
    places = rank_places([(50, 50)] * 12, [(14, 14)] * 12, _MARK)
    assert places[0] is not None and None in places


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 200)), max_size=20))
def test_no_two_ranks_cover_each_other(points: list[tuple[int, int]]) -> None:
    places = rank_places(points, [(14.0, 14.0)] * len(points), _MARK)
    shown = [place for place in places if place is not None]
    assert len(places) == len(points) and not any(a.meets(b) for a, b in combinations(shown, 2))
