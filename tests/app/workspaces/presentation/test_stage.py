"""The stage of a race."""

import pytest
from msgspec.structs import replace
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.workspaces.presentation.lines import fitting, largest_fitting
from app.workspaces.presentation.scale import stage_scale
from app.workspaces.presentation.script import RaceScript, of_turn
from app.workspaces.presentation.stage import RaceStage
from engine.events import GenerationMeasured
from tests.app.workspaces.presentation.races import compared, lost, parts


@pytest.fixture
def stage(qtbot: QtBot) -> RaceStage:
    made = RaceStage(None)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(1280, 720)
    made.show()
    return made


def of_many(n_lanes: int) -> RaceScript:
    """A race of so many lanes."""
    script = compared()
    plain, *others = script.lanes
    lanes = [other._replace(spec=replace(other.spec, name=f"lane {i}")) for i, other in enumerate(others * 8)]
    return script._replace(lanes=(plain, *lanes[: n_lanes - 1]))


def _texts(stage: RaceStage) -> list[str]:
    return [view.text.strip() for view in stage.lanes if view.isVisible()]


def test_nothing_to_show_says_how_to_get_there(stage: RaceStage) -> None:
    assert stage.nothing.isVisible() and "Press Enter" in stage.nothing.text()
    assert not any(view.isVisible() for view in stage.lanes) and not stage.headline.isVisible()


def test_a_race_grows_token_by_token_to_its_end(stage: RaceStage) -> None:
    stage.show_script(compared())
    assert _texts(stage) == ["", "", ""] and not stage.player.playing
    stage.advance_to(0.05)
    assert all(_texts(stage)[:1]) and not stage.run.finished
    stage.jump_to_end()
    assert stage.run.finished and stage.headline.parts[0] == "1.83×" and stage.check.parts == ("same text ✓",)
    assert "1st" in stage.lanes[2].accessibleDescription()
    assert "plain decoding" in stage.accessibleDescription()


def test_ghosts_can_be_hidden(stage: RaceStage) -> None:
    stage.show_script(compared())
    stage.jump_to_end()
    assert "ghost" in "".join(_texts(stage))
    stage.show_ghosts(False)
    assert "ghost" not in "".join(_texts(stage)) and "ghosts hidden" in stage.state.parts


def test_a_loss_is_in_the_headline(stage: RaceStage) -> None:
    stage.show_script(lost())
    assert stage.headline.parts[0] == "0.91×: slower here"


def test_a_race_that_ends_otherwise_than_the_repeats_says_so_above(stage: RaceStage) -> None:
    script = compared()
    lanes = tuple(lane._replace(here=0.95) if lane.here else lane for lane in script.lanes)
    stage.show_script(script._replace(lanes=lanes))
    assert stage.headline.parts[0] == "1.83×" and "in this race 0.95×: slower here" in stage.spread.parts


def test_new_figures_do_not_restart_a_race(stage: RaceStage) -> None:
    script = compared()
    stage.show_script(script)
    stage.advance_to(0.1)
    n_tokens = stage.run.lanes[0].n_tokens
    stage.show_script(script._replace(facts=script.facts._replace(recommended="builtin:small γ 2")))
    assert stage.run.lanes[0].n_tokens == n_tokens and stage.headline.parts[0] == "1.44×"
    stage.show_script(script._replace(key=("another",)))
    assert stage.run.lanes[0].n_tokens == 0


@pytest.mark.parametrize("size", [(960, 600), (1280, 720), (1600, 1000), (900, 1400), (3840, 2160)])
def test_it_is_painted_at_any_size_without_losing_its_place(stage: RaceStage, size: tuple[int, int]) -> None:
    stage.show_script(compared())
    stage.advance_to(0.2)
    stage.resize(*size)
    assert stage.run.lanes[0].n_tokens > 0 and all(_texts(stage))
    assert not stage.grab().isNull()


def test_hostile_texts_are_shown_as_they_are(stage: RaceStage) -> None:
    started, texts, measured = parts()
    hostile = "<img src=x>\x1b[31m\u202e" + "a" * 5000
    plain: GenerationMeasured = texts["plain"]
    texts["plain"] = replace(plain, text=hostile, rounds=(), ids=(1,))
    stage.show_script(of_turn(started, texts, measured))
    stage.jump_to_end()
    assert "\x1b" not in stage.lanes[0].text and not stage.grab().isNull()


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000)])
def test_every_key_stands_in_the_footer(stage: RaceStage, size: tuple[int, int]) -> None:
    stage.resize(*size)
    stage.show_script(of_many(9))
    stage.offer(several=True, has_report=True)
    parts = stage.keys.parts
    assert len(parts) == 9 and parts[-1] == "Esc  leave"
    assert fitting(parts, QFontMetrics(stage.keys.shown_font()), stage.keys.width()).endswith("Esc  leave")


def test_more_lanes_than_fit_are_said_and_a_key_pages_on(stage: RaceStage) -> None:
    stage.show_script(of_many(9))
    assert stage.state.parts[0] == "4 of 9 lanes shown" and "L  other lanes" in stage.keys.parts
    stage.show_script(compared())
    assert "lanes shown" not in stage.state.parts[0] and "L  other lanes" not in stage.keys.parts


def test_only_what_can_be_done_is_offered(stage: RaceStage) -> None:
    stage.show_script(compared(), live=True)
    assert stage.keys.parts == ("S  stop", "H  ghosts", "Esc  leave")
    stage.show_script(compared())
    stage.offer(several=False, has_report=False)
    assert not any("report" in part or "prompt" in part.removeprefix("P  type a prompt") for part in stage.keys.parts)


def test_no_lane_moves_when_the_line_for_a_prompt_opens(stage: RaceStage) -> None:
    stage.show_script(compared())
    places = [view.geometry() for view in stage.lanes]
    stage.open_line()
    QApplication.processEvents()
    assert [view.geometry() for view in stage.lanes] == places
    assert stage.typed.isVisible() and stage.rect().contains(stage.typed.geometry())
    stage.resize(1600, 1000)
    assert stage.rect().contains(stage.typed.geometry())


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000)])
def test_no_figure_of_a_lane_is_cut(stage: RaceStage, size: tuple[int, int]) -> None:
    stage.resize(*size)
    stage.show_script(compared())
    scale = stage_scale(stage.font(), stage.size(), 3)
    width = stage.lanes[0]._places().figures.width()
    for text in ("reading the prompt", "1.02×: no clear difference", "0.91×: slower here"):
        font = largest_fitting((scale.counter, scale.name, scale.small), text, width)
        assert QFontMetrics(font).horizontalAdvance(text) <= width
