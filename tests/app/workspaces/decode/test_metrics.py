from app.state.store import RunStore
from app.workspaces.decode.metrics import MetricsPanel


def test_every_symbol_has_its_name_beside_it_and_every_figure_a_meaning(qtbot):
    panel = MetricsPanel(RunStore())
    qtbot.addWidget(panel)
    titles = list(panel.values())
    assert {"acceptance rate α", "tokens per round τ", "cost coefficient c", "best draft length γ"} <= set(titles)
    assert all(row.brief and row.meaning for row, _ in panel._rows)
