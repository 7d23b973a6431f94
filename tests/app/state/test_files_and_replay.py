import os

from app.state.selection import Selection
from engine.events import RunFinished
from engine.runs.trace import TraceWriter
from tests.app.factory import MODEL, PAIR, a_round, blocks, started, whole_run
from tests.app.state.attached_store import RUN, attached


def test_a_damaged_file_is_shown_up_to_its_damage(qtbot, tmp_path):
    path = tmp_path / "trace.jsonl"
    writer = TraceWriter(path)
    for event in whole_run():
        writer.write(event)
    writer.close()
    path.write_bytes(path.read_bytes()[:-20])
    store, _ = attached(qtbot)
    store.open_trace(path)
    qtbot.waitUntil(lambda: not store.busy)
    assert len(store.log) == len(whole_run()) - 1
    assert store.trouble.kind == "damaged"
    assert store.close() is True


def test_what_needs_every_timed_block_is_computed_before_a_file_reaches_the_window(qtbot, tmp_path):
    path = tmp_path / "trace.jsonl"
    writer = TraceWriter(path)
    for event in (started(), a_round(0, [" a"]), *blocks(12), RunFinished("length", 1)):
        writer.write(event)
    writer.close()
    store, _ = attached(qtbot)
    store.open_trace(path)
    qtbot.waitUntil(lambda: not store.busy)
    assert {"measured_speedup", "disturbances", "costs"} <= vars(store.history.shown.summary).keys()
    store.close()


def test_a_saved_run_reads_back_the_same(qtbot, tmp_path):
    store, host = attached(qtbot)
    host.say(*whole_run())
    store.pump()
    log = list(store.log)
    store.save_trace(tmp_path / "copy.jsonl")
    qtbot.waitUntil(lambda: not store.busy)
    store.open_trace(tmp_path / "copy.jsonl")
    qtbot.waitUntil(lambda: not store.busy)
    assert store.log == log
    assert store.history.shown.source == tmp_path / "copy.jsonl"
    store.close()


def test_a_file_that_is_no_run_is_refused_and_loses_nothing(qtbot, tmp_path):
    (tmp_path / "notes.txt").write_text("hello\n")
    store, host = attached(qtbot)
    host.say(*whole_run())
    store.pump()
    store.open_trace(tmp_path / "notes.txt")
    qtbot.waitUntil(lambda: not store.busy)
    assert "not a Draftscope trace" in store.trouble.message
    assert len(store.log) == len(whole_run())
    store.close()


def test_an_earlier_run_can_be_shown_while_another_runs(qtbot):
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run("first"))
    store.pump()
    store.run(PAIR, RUN)
    host.say(started("second"), a_round(0, [" a"]))
    store.pump()
    store.show_run(store.history.records[0])
    host.say(a_round(1, [" b"]))
    store.pump()
    assert store.started.run_id == "first"
    assert store.doing == "prefilling"
    assert store.history.live_summary.n_rounds == 2


def test_a_replay_shows_the_run_again_from_its_start(qtbot):
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    epoch = store.run_number
    store.play(50)
    assert store.run_number == epoch + 1
    assert store.busy
    qtbot.waitUntil(lambda: not store.busy)
    assert store.log == whole_run()
    assert store.history.at_end


def test_scrubbing_shows_the_run_as_it_was(qtbot):
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    store.select(Selection(1, None))
    store.seek(3)
    assert store.summary.n_rounds == 1
    assert store.selection is None


def test_a_new_run_ends_a_replay(qtbot):
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    store.play(0.25)
    store.run(PAIR, RUN)
    assert not store.replay.playing


def test_opening_a_trace_ends_a_replay(qtbot, tmp_path):
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    store.save_trace(tmp_path / "copy.jsonl")
    qtbot.waitUntil(lambda: not store.reading)
    store.play(0.25)
    store.open_trace(tmp_path / "copy.jsonl")
    qtbot.waitUntil(lambda: not store.reading)
    assert not store.replay.playing
    assert store.log == whole_run()
    store.close()


def test_a_defect_while_reading_a_file_is_told_and_holds_nothing_up(qtbot, tmp_path, monkeypatch):
    store, _ = attached(qtbot)

    def fail(*_args: object) -> None:
        raise MemoryError

    monkeypatch.setattr("app.state.trace_files.trace.read", fail)
    store.open_trace(tmp_path / "x.jsonl")
    qtbot.waitUntil(lambda: not store.reading)
    assert "memory" in store.trouble.message
    store.close()


def test_a_replay_beside_a_measured_run_is_drawn(qtbot):
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    store.measure_only = True
    store.run(PAIR, RUN)
    host.say(started("second"), a_round(0, [" a"]))
    store.pump()
    store.show_run(store.history.records[0])
    store.play(50)
    said = []
    store.changed.connect(lambda: said.append(store.history.n_visible))
    qtbot.waitUntil(lambda: store.history.at_end)
    assert said
    store.close()


def test_a_replay_from_the_start_drops_a_selection_that_is_still_to_come(qtbot):
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    store.select(Selection(1, 0))
    store.play(0.25)
    assert store.selection is None
    store.close()


def test_a_pipe_is_refused_and_the_thread_of_files_goes_on(qtbot, tmp_path):
    store, _ = attached(qtbot)
    os.mkfifo(tmp_path / "pipe.jsonl")
    store.open_trace(tmp_path / "pipe.jsonl")
    qtbot.waitUntil(lambda: store.trouble is not None, timeout=10_000)
    assert "is a pipe, not a file" in store.trouble.message
    assert not store.reading
