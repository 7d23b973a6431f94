from collections.abc import Iterator

import pyqtgraph as pg
import pytest
from pytestqt.qtbot import QtBot

from app.plots.decision_marks import MOST_DRAWN, DecisionMarks
from engine.events import PhaseFinished, PolicyDecided


def decided(number: int) -> PolicyDecided:
    return PolicyDecided(number, 4, 7, 1.62, 1.71, "faster")


@pytest.fixture
def made(qtbot: QtBot) -> Iterator[DecisionMarks]:
    widget = pg.PlotWidget()
    qtbot.addWidget(widget)
    yield DecisionMarks(widget.getPlotItem())


def test_each_decision_has_a_mark_at_its_round(made: DecisionMarks) -> None:
    made.take([decided(3), PhaseFinished("prefill", 1.0, 2), decided(9)])
    assert made.item.getData()[0].tolist() == [3, 9]
    assert made.at(9) == decided(9)
    assert made.at(4) is None
    assert made.with_decision("4: α 0.80", 3) == "4: α 0.80 · γ 4 → 7, predicted 1.62 → 1.71"
    assert made.with_decision("5: α 0.80", 4) == "5: α 0.80"
    made.clear()
    assert not made.decisions and not len(made.item.getData()[0])


def test_very_many_are_thinned_and_the_last_stays(made: DecisionMarks) -> None:
    made.take([decided(n) for n in range(1000)])
    drawn = made.item.getData()[0].tolist()
    assert len(drawn) <= MOST_DRAWN and drawn[-1] == 999
    assert len(made.decisions) == 1000
