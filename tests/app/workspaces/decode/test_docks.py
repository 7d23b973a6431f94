"""The place of the plots before and after they are made."""

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.state.store import RunStore
from app.workspaces.decode.docks import LatePlots


def test_plots_come_after_the_first_painting_or_when_they_are_asked_for(qtbot: QtBot) -> None:
    store, n_made = RunStore(), []
    place, other = LatePlots(store), LatePlots(store)
    for late in (place, other):
        qtbot.addWidget(late)
        late.made.connect(lambda: n_made.append(1))
    QApplication.processEvents()
    assert n_made == []
    place.resize(300, 900)
    place.show()
    qtbot.waitUntil(lambda: n_made == [1])
    assert place.plots.isVisible() and place.plots.size() == place.size()
    assert other.plots.all and len(n_made) == 2
