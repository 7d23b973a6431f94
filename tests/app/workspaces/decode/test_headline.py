from app.state.requests import Setup
from app.state.store import RunStore
from app.workspaces.decode.headline import HeadlinePanel
from engine.commands import Load
from tests.app.factory import PAIR, FakeHost, started


def test_the_headline_keeps_its_height_and_says_the_plan_until_there_is_a_run(qtbot):
    store, host = RunStore(), FakeHost()
    store.attach(host)
    drafters = ["builtin"]
    panel = HeadlinePanel(store, lambda: Setup(Load(drafter=drafters[0]), "speculative", {"repeats": 3}))
    qtbot.addWidget(panel)
    panel.show()
    assert "Run will measure" in panel.verdict.text() and "3 repeats" in panel.verdict.text()
    assert panel.figure.text() == ""
    drafters[0] = "none"
    panel.show_plan()
    assert "yardstick" in panel.verdict.text()
    height = panel.sizeHint().height()
    host.say(started())
    store.pump()
    assert "not measured" in panel.verdict.text() or "measured in the same run" in panel.verdict.text()
    assert panel.figure.text() == "—" and panel.sizeHint().height() == height
    assert "built-in target" in panel.scope.text() and PAIR.target in panel.scope.toolTip()
