from app.state.store import RunStore
from app.workspaces.decode.plots import DecodePlots


def test_every_plot_of_the_column_is_listed(qtbot):
    plots = DecodePlots(RunStore())
    qtbot.addWidget(plots)
    assert plots.all[:5] == (plots.acceptance, plots.tokens_per_round, plots.latency, plots.speed, plots.positions)
    assert all(plot.isHidden() for plot in plots.metrics)
