"""The tab with the real engine and the built-in pair, at tiny lengths: a measurement, a document, a run on it."""

from threading import Event as Flag

import pytest

from app.workspaces.longcontext import choice
from engine.commands import Load
from engine.session.session import Session

pytest.importorskip("engine.session.lengths")


def test_a_measurement_and_a_run_fill_the_tab(tab) -> None:  # type: ignore[no-untyped-def]
    store, host, workspace, say = tab
    session = Session()
    workspace.setup.lengths.setText("16, 48")
    workspace.setup.drafters.check(("builtin", "lookup"))
    workspace.setup.measuring.set_values({"repeats": 1})
    workspace.setup.form.set_values({"max_new_tokens": 8})
    workspace.setup.document.n_read.setValue(64)
    say()
    workspace.measure()
    assert host.submitted[-1] is store.commands.front
    say(*session.do(host.submitted[-1], Flag()))
    record = workspace.table.model.record
    assert record.state == "finished" and {point.n_prompt for point in record.figures.values()} == {16, 48}
    assert workspace.headline.headline.text().startswith("At 48 tokens")
    assert all(own.points for plot in workspace.plots for own in plot.series)
    list(session.do(Load(), Flag()))
    (read,) = session.do(workspace.setup.document.question(8), Flag())
    assert len(read.ids) == 64
    run = choice.run(
        workspace.setup.choice()._replace(settings={**workspace.setup.choice().settings, "baseline": False}), read
    )
    say(*session.do(run, Flag()))
    assert store.history.shown is not None and store.summary.n_prompt == 64 and store.summary.n_emitted == 8
    assert workspace.strip.facts.n_read == 64 and workspace.stream.view.text()
