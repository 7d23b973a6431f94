"""State of the tab: what it asks the engine, which lane and prompt it shows, and the files it reads."""

from pathlib import Path

import pytest

from app.main_window import MainWindow
from app.state.store import RunStore
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.record import AskedTurn
from engine.commands import Compare, Load, Survey
from engine.errors import InputError
from engine.events import LaneRefused, Refused, Surveyed
from engine.runs.trace import TraceWriter
from tests.app.factory import MODEL, PAIR, FakeHost, whole_run
from tests.comparisons import GENERAL, SMALL, comparison


@pytest.fixture
def asked(qtbot):  # type: ignore[no-untyped-def]
    """A store whose engine compares."""
    store, host = RunStore(), FakeHost()
    store.attach(host)
    store.load(PAIR)
    comparing = store.tab(ComparingProgress)
    store.take(MODEL)
    comparing.begin(Compare((GENERAL,)))
    yield store, host, comparing
    store.close()


def test_a_comparison_keeps_everything_else_from_starting(asked) -> None:  # type: ignore[no-untyped-def]
    store, host, comparing = asked
    assert isinstance(host.submitted[-1], Compare)
    assert (comparing.live, store.may_start()) == (True, "a comparison is under way")
    for event in comparison():
        store.take(event)
    assert (comparing.live, store.may_start()) == (False, "")


def test_the_recommended_lane_is_shown_until_another_is_chosen(asked) -> None:  # type: ignore[no-untyped-def]
    store, _, comparing = asked
    for event in comparison()[:-1]:
        store.take(event)
    assert comparing.lane == SMALL.name
    store.take(comparison()[-1])
    assert comparing.lane == GENERAL.name
    comparing.choose_lane("plain")
    assert comparing.lane == "plain"


def test_the_first_prompt_is_shown_until_another_is_chosen(asked) -> None:  # type: ignore[no-untyped-def]
    store, _, comparing = asked
    assert comparing.turn is None and comparing.longest_turn is None
    for event in comparison():
        store.take(event)
    assert comparing.turn == AskedTurn(0, 0)
    comparing.choose_turn(AskedTurn(2, 0))
    assert comparing.turn == AskedTurn(2, 0) and comparing.longest_turn is not None


def test_a_stop_before_the_engine_received_it_drops_it(qtbot) -> None:  # type: ignore[no-untyped-def]
    store = RunStore()
    comparing = store.tab(ComparingProgress)
    comparing.begin(Compare((GENERAL,)))
    store.cancel()
    assert comparing.record.state == "none" and not comparing.live
    store.close()


def test_a_refusal_of_other_work_changes_nothing(asked) -> None:  # type: ignore[no-untyped-def]
    _, _, comparing = asked
    comparing.fail(Refused("train", "no", ""))
    assert comparing.record.state == "asked"
    comparing.fail(Refused("compare", "no", ""))
    assert comparing.record.state == "refused"


def test_a_list_of_drafters_for_another_target_is_not_for_decode(asked) -> None:  # type: ignore[no-untyped-def]
    store, _, comparing = asked
    store.take(Surveyed("builtin", ()))
    assert comparing.surveyed is None and store.engine.surveyed is not None
    comparing.survey(Survey("/other"))
    store.take(Surveyed("/other", ()))
    assert comparing.surveyed.target == "/other" and store.engine.surveyed.target == "builtin"


def test_a_file_of_prompts_is_read_and_a_broken_one_is_named(asked, qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store, _, comparing = asked
    file = tmp_path / "mine.txt"
    file.write_text("one\ntwo\n")
    comparing.read_prompts(file)
    qtbot.waitUntil(lambda: not store.reading and comparing.prompt_file is not None)
    path, prompts = comparing.prompt_file
    assert path == file and len(prompts.prompts) == 2
    comparing.read_prompts(tmp_path / "absent.txt")
    qtbot.waitUntil(lambda: store.trouble is not None)
    assert "absent.txt" in store.trouble.message and comparing.reading_prompts is None


def test_an_opened_comparison_comes_to_the_front_and_a_run_does_not(qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window = MainWindow(Load(), None, make_host=None)
    qtbot.addWidget(window)
    window.show()
    for name, events in (("run", whole_run()), ("comparison", comparison())):
        writer = TraceWriter(tmp_path / f"{name}.jsonl")
        for event in events:
            writer.write(event)
        writer.close()
        window.store.open_trace(tmp_path / f"{name}.jsonl")
        qtbot.waitUntil(lambda: not window.store.busy)
        assert window.front is window.workspaces["compare" if name == "comparison" else "decode"]
    record = window.store.tab(ComparingProgress).record
    assert record.state == "finished" and record.source == tmp_path / "comparison.jsonl"
    window.close_now()


def test_files_of_prompts_are_told_from_logs_and_from_anything_else(tmp_path: Path) -> None:
    comparing = RunStore().tab(ComparingProgress)
    contents = {
        "p.txt": "one\ntwo\n", "p.jsonl": '{"prompt": "one"}\n{"turns": ["a", "b"]}\n', "p.json": '[{"prompt": "one"}]',
        "log.jsonl": '{"event":"RunStarted"}\n', "other.jsonl": '{"contexts": [1]}\n', "broken.jsonl": "\x00\x01{",
        "notes.md": "one\n",
    }  # fmt: skip
    kinds = {}
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
        kinds[name] = comparing.read(tmp_path / name)
    assert {name for name, read in kinds.items() if read is not None} == {"p.txt", "p.jsonl", "p.json"}
    assert comparing.read(tmp_path / "absent.txt") is None
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(InputError, match="no usable prompt"):
        comparing.read(tmp_path / "empty.txt")


def test_the_end_is_said_in_the_status_until_the_next_begins(asked) -> None:  # type: ignore[no-untyped-def]
    store, _, comparing = asked
    for event in comparison():
        store.take(event)
    assert store.told.startswith("compared over 4 of 4 prompts: builtin at γ 4")
    comparing.begin(Compare((GENERAL,)))
    assert store.told == ""


def test_a_lane_that_a_race_refuses_is_none_of_the_comparison(asked) -> None:  # type: ignore[no-untyped-def]
    store, _, comparing = asked
    for event in comparison():
        store.take(event)
    n_refused = len(comparing.record.refused)
    assert not comparing.take(LaneRefused("other", "another vocabulary", "choose another"))
    assert len(comparing.record.refused) == n_refused > 0


def test_a_refused_comparison_leaves_the_last_one_on_show(asked) -> None:  # type: ignore[no-untyped-def]
    store, _, comparing = asked
    for event in comparison():
        store.take(event)
    last, number = comparing.record, comparing.record.number
    comparing.begin(Compare((GENERAL,), prompts="/empty.txt"))
    assert comparing.record is not last
    comparing.fail(Refused("compare", "the file is empty", "name another"))
    assert comparing.record is last
    assert comparing.record.number > number, "panels start over"
