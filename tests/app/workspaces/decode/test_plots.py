from app.state.store import RunStore
from app.workspaces.decode.plots import DecodePlots


def test_every_plot_of_the_column_is_listed(qtbot):
    plots = DecodePlots(RunStore())
    qtbot.addWidget(plots)
    always = (plots.acceptance, plots.tokens_per_round, plots.latency, plots.speed, plots.positions)
    assert plots.all[:6] == (*always, plots.draft_length)
    assert plots.draft_length.isHidden()
    assert all(plot.isHidden() for plot in plots.metrics)
