"""One lane on the stage."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app import theme
from app.widgets.lane_marks import marks_of
from app.workspaces.presentation.lane_view import LaneView
from app.workspaces.presentation.race import RaceRun
from app.workspaces.presentation.scale import stage_scale
from app.workspaces.presentation.script import RaceScript
from tests.app.workspaces.presentation.races import compared, lost


def _view(qtbot: QtBot, script: RaceScript, place: int, time_s: float) -> LaneView:
    """A lane of a race at a time."""
    view = LaneView(None)  # type: ignore[arg-type]
    qtbot.addWidget(view)
    view.resize(1280, 180)
    lane = script.lanes[place]
    run = RaceRun([lane.recording])
    run.advance_to(time_s)
    view.set_scale(stage_scale(view.font(), QSize(1280, 720), 4))
    view.show_lane(lane, marks_of(script.facts.all_lanes)[lane.spec.name], script)
    view.follow(run, run.lanes[0])
    return view


def _n_pixels(image: QImage, colour: str) -> int:
    wanted = QColor(colour).rgb()
    return sum(image.pixel(x, y) == wanted for x in range(image.width()) for y in range(0, image.height(), 2))


def test_the_track_fills_up_to_the_mark(qtbot: QtBot) -> None:
    script = compared()
    lengths = []
    for time_s in (0.0, 0.3, 9.0):
        image = _view(qtbot, script, 0, time_s).grab().toImage()
        row = next(y for y in range(image.height() - 1, 0, -1) if image.pixel(40, y) != image.pixel(40, 0))
        lengths.append(
            sum(image.pixel(x, row - 1) == QColor(theme.current().muted).rgb() for x in range(image.width()))
        )
    assert lengths == sorted(lengths) and lengths[0] < lengths[1] < lengths[2]


def test_a_loss_is_coloured_and_said(qtbot: QtBot) -> None:
    view = _view(qtbot, lost(), 2, 9.0)
    assert "0.91×: slower here" in view.toolTip()
    assert _n_pixels(view.grab().toImage(), theme.current().bad) > 50


def test_a_long_name_is_whole_in_the_tooltip(qtbot: QtBot) -> None:
    script = compared()
    name = "a drafter with a name that goes on and on and on and on, γ 4"
    lane = script.lanes[2]._replace(spec=script.lanes[2].spec.__class__(name, "x", 4))
    view = _view(qtbot, script, 2, 9.0)
    view.show_lane(lane, marks_of([name])[name], script)
    assert name in view.toolTip() and view.accessibleName() == name and not view.grab().isNull()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_painted_once_follow_the_scheme(qtbot: QtBot, qapp, scheme: theme.Scheme) -> None:  # type: ignore[no-untyped-def]
    view = _view(qtbot, compared(), 0, 9.0)
    view.grab()
    theme.apply(qapp, scheme)
    image = view.grab().toImage()
    other = theme.colours("light" if scheme == "dark" else "dark").base
    assert QColor(image.pixel(3, 3)).name().upper() == theme.colours(scheme).base
    assert _n_pixels(image, other) == 0
    theme.apply(qapp, "light")
