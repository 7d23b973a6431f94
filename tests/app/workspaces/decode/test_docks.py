from PySide6.QtWidgets import QLabel

from app.state.store import RunStore
from app.workspaces.decode.docks import DecodePlots, SideColumn


def test_a_side_column_prefers_its_width_and_takes_no_focus(qtbot):
    column = SideColumn(QLabel("a"), 222)
    qtbot.addWidget(column)
    assert column.sizeHint().width() == 222
    assert not column.focusPolicy().value


def test_every_plot_of_the_column_is_listed(qtbot):
    plots = DecodePlots(RunStore())
    qtbot.addWidget(plots)
    assert plots.all[:5] == (plots.acceptance, plots.tokens_per_round, plots.latency, plots.speed, plots.positions)
    assert all(plot.isHidden() for plot in plots.metrics)
