"""The cues of the fates, looked at as ink without colour."""

from itertools import combinations
from typing import get_args

import pytest
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter

from app import theme
from app.panels.stream.marks import StreamMarks
from app.panels.stream.painter import PlacedSegment, StreamPainter
from app.panels.stream.tokens import StreamToken
from app.theme import StreamFate
from tests.app.factory import token

# Plain text has no fate: it is the one that looks like the prompt, and never stands beside it.
FATES = tuple(fate for fate in get_args(StreamFate) if fate != "unmarked")
PALE = 235


@pytest.fixture(params=["light", "dark"])
def scheme(request, qapp):
    theme.apply(qapp, request.param)
    yield request.param
    theme.apply(qapp, "light")


def _picture(ink, paint, width=80):
    image = QImage(width, ink.line_height, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.current().base))
    painter = QPainter(image)
    paint(painter)
    painter.end()
    return image.convertToFormat(QImage.Format.Format_Grayscale8)


def _ink(image):
    """Where something is painted, whatever its shade."""
    ground = image.pixelColor(image.width() - 1, 0).lightness()
    return {
        (x, y)
        for y in range(image.height())
        for x in range(image.width())
        if abs(image.pixelColor(x, y).lightness() - ground) > 255 - PALE
    }


def _fate(ink, fate, text="nun"):
    placed = PlacedSegment(4.0, float(ink.rise), ink.measure(text, fate == "correction"), text, 0)
    return _ink(_picture(ink, lambda painter: ink.paint(painter, fate, [placed])))


@pytest.mark.parametrize("zoom", [0.6, 1.0, 3.0])
def test_every_fate_is_told_from_every_other_without_colour(scheme, zoom):
    ink = StreamPainter(QGuiApplication.font(), zoom)
    painted = {fate: _fate(ink, fate) for fate in FATES}
    for one, other in combinations(FATES, 2):
        assert len(painted[one] ^ painted[other]) >= 3 * ink.stroke, (one, other)


def test_plain_text_carries_no_mark(scheme):
    ink = StreamPainter(QGuiApplication.font(), 3.0)
    unmarked = {place for place in _fate(ink, "unmarked") if place[1] > ink.rise}
    spaces = {(x, y) for x, y in _fate(ink, "unmarked", "·nun") if x < 4 + ink.measure("·", False)}
    assert not spaces, "not even for a space"
    assert not unmarked and {place for place in _fate(ink, "plain") if place[1] > ink.rise}


def test_each_cue_is_where_it_belongs(scheme):
    ink = StreamPainter(QGuiApplication.font())
    bare = _fate(ink, "prompt")
    cues = {fate: _fate(ink, fate) - bare for fate in FATES}
    below = {fate: {place for place in cues[fate] if place[1] > ink.rise} for fate in FATES}
    assert not cues["prompt"]
    assert cues["correction"] and not below["correction"]
    assert all(y < ink.rise - ink.metrics.xHeight() for _, y in cues["bonus"])
    assert cues["rejected"] and all(y < ink.rise for _, y in cues["rejected"])
    n_columns = {fate: len({x for x, _ in below[fate]}) for fate in FATES}
    assert n_columns["accepted"] >= ink.measure("nun", False) - 2
    assert n_columns["untested"] <= 0.6 * n_columns["accepted"]
    assert n_columns["plain"] <= 2
    n_rows = {fate: len({y for _, y in below[fate]}) for fate in FATES}
    assert n_rows["unverified"] > n_rows["accepted"]


def test_letters_never_leave_the_line(scheme):
    ink = StreamPainter(QGuiApplication.font())
    text = "Ä" + "\u030a\u0302\u0323\u0332" * 60
    placed = PlacedSegment(4.0, float(ink.rise + ink.line_height), 40.0, text, 0)
    image = QImage(120, 3 * ink.line_height, QImage.Format.Format_RGB32)
    image.fill(QColor(theme.current().base))
    painter = QPainter(image)
    ink.paint(painter, "prompt", [placed])
    painter.end()
    rows = {y for _, y in _ink(image)}
    assert rows and all(ink.line_height <= y < 2 * ink.line_height for y in rows)


def _x_ray(ink, p, q):
    marks = StreamMarks()
    marks.x_ray = True
    ink.make_room(True)
    drawn = StreamToken("nun", "nun", "accepted", 0, 0, token("nun", "accepted", p=p, q=q))
    placed = PlacedSegment(0.0, float(ink.rise), 60.0, "nun", 0)
    return _picture(ink, lambda painter: marks.paint(painter, ink, [drawn], [placed]))


@pytest.mark.parametrize(("p", "q", "share"), [(0.0, 0.5, 0.0), (0.2, 0.4, 0.5), (0.4, 0.4, 1.0), (0.9, 0.1, 1.0)])
def test_the_x_ray_bar_is_as_long_as_the_acceptance_probability(scheme, p, q, share):
    ink = StreamPainter(QGuiApplication.font())
    painted = _ink(_x_ray(ink, p, q))
    rule = max(y for _, y in painted)
    assert len({x for x, y in painted if y == rule}) == 60
    assert len({x for x, y in painted if y == rule - 1}) == pytest.approx(60 * share, abs=1)
    assert all(y > ink.rise + 3 * ink.stroke for _, y in painted)


def test_the_x_ray_bar_is_stronger_where_the_probability_is_higher(scheme):
    ink = StreamPainter(QGuiApplication.font())
    ground = QColor(theme.current().base).lightness()
    strengths = []
    for p in (0.1, 0.5, 1.0):
        image = _x_ray(ink, p, 1.0)
        bar = max(y for _, y in _ink(image)) - 1
        strengths.append(abs(image.pixelColor(1, bar).lightness() - ground))
    assert strengths[0] < strengths[1] < strengths[2]


def test_a_control_token_has_an_edge_that_no_text_has(scheme):
    ink = StreamPainter(QGuiApplication.font(), 1.0)
    placed = PlacedSegment(4.0, float(ink.rise), ink.measure("nun", False), "nun", 0)

    def painted(control):
        made = StreamToken("nun", "nun", "prompt", control=control)
        return _ink(_picture(ink, lambda painter: StreamMarks().paint(painter, ink, [made], [placed])))

    plate = painted(True)
    assert not painted(False)
    assert max(x for x, _ in plate) - min(x for x, _ in plate) >= placed.width  # it goes all the way round


def test_reading_keeps_to_underlines_each_of_a_shape_of_its_own(scheme):
    ink = StreamPainter(QGuiApplication.font())
    ink.reading = True
    bare = _fate(ink, "unmarked")
    cues = {fate: _fate(ink, fate) - bare for fate in ("accepted", "correction", "bonus", "unverified")}
    assert all(cue and all(y > ink.rise for _, y in cue) for cue in cues.values())
    shapes = {fate: (len({x for x, _ in cue}), len({y for _, y in cue})) for fate, cue in cues.items()}
    assert len(set(shapes.values())) == len(shapes)
    assert _fate(ink, "plain") == bare


def test_the_x_ray_of_a_greedy_run_is_as_long_as_p(scheme):
    ink = StreamPainter(QGuiApplication.font())
    marks = StreamMarks()
    marks.x_ray = marks.greedy = True
    ink.make_room(True)
    drawn = StreamToken("nun", "nun", "accepted", 0, 0, token("nun", "accepted", p=0.5, q=0.1))
    placed = PlacedSegment(0.0, float(ink.rise), 60.0, "nun", 0)
    painted = _ink(_picture(ink, lambda painter: marks.paint(painter, ink, [drawn], [placed])))
    rule = max(y for _, y in painted)
    assert len({x for x, y in painted if y == rule - 1}) == pytest.approx(30, abs=1)
