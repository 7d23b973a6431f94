from app.selection import Selection
from app.store import RunStore
from engine.commands import Estimate, Load, Run, Step, Survey
from engine.events import ModelLoaded, Refused, RunFailed, RunFinished, Surveyed
from engine.method import Request
from engine.summary import Summary, fold
from tests.app.factory import MODEL, PAIR, FakeHost, a_round, started, whole_run

RUN = Run("speculative", {}, Request("hello"))


def _store(qtbot) -> tuple[RunStore, FakeHost]:
    store, host = RunStore(), FakeHost()
    store.attach(host)
    return store, host


def test_a_frame_folds_every_event_and_says_so_once(qtbot):
    store, host = _store(qtbot)
    said = []
    store.changed.connect(lambda: said.append(len(store.log)))
    host.say(*whole_run())
    store.pump()
    expected = Summary()
    for event in whole_run():
        expected = fold(expected, event)
    assert store.summary == expected
    assert said == [len(whole_run())]


def test_a_frame_without_events_says_nothing(qtbot):
    store, _ = _store(qtbot)
    said = []
    store.changed.connect(lambda: said.append(1))
    store.pump()
    assert said == []


def test_a_new_run_replaces_the_log_and_keeps_the_one_before(qtbot):
    store, host = _store(qtbot)
    host.say(*whole_run("first"))
    store.pump()
    store.select(Selection(1, 0))
    host.say(started("second"))
    store.pump()
    assert store.started.run_id == "second"
    assert store.selection is None
    first, second = store.shelf.records
    assert first.started is not None
    assert (first.started.run_id, first.summary.n_emitted) == ("first", 5)
    assert second is store.shelf.shown


def test_a_run_asked_for_while_loading_starts_once_the_models_are_there(qtbot):
    store, host = _store(qtbot)
    store.load(PAIR)
    store.run(PAIR, RUN)
    assert host.submitted == [PAIR]
    host.say(MODEL)
    store.pump()
    assert host.submitted == [PAIR, RUN]


def test_a_run_on_another_pair_loads_it_first(qtbot):
    store, host = _store(qtbot)
    store.load(PAIR)
    host.say(MODEL)
    store.pump()
    other = Load(drafter="lookup")
    store.run(other, RUN)
    host.say(ModelLoaded("builtin", "lookup", "cpu", "float32", 2048, 1, 0, 0.1))
    store.pump()
    assert host.submitted == [PAIR, other, RUN]


def test_a_run_on_the_loaded_pair_does_not_load_it_again(qtbot):
    store, host = _store(qtbot)
    store.load(PAIR)
    host.say(MODEL)
    store.pump()
    store.run(PAIR, RUN)
    assert host.submitted == [PAIR, RUN]


def test_a_run_is_dropped_when_its_pair_cannot_be_loaded(qtbot):
    store, host = _store(qtbot)
    store.run(Load(target="nowhere"), RUN)
    host.say(Refused("load", "there is no folder nowhere", "check the path"))
    store.pump()
    assert host.submitted == [Load(target="nowhere")]
    assert not store.busy
    assert store.trouble.message == "there is no folder nowhere"


def test_a_defect_while_loading_leaves_the_run_on_show_as_it_was(qtbot):
    store, host = _store(qtbot)
    host.say(*whole_run())
    store.pump()
    store.load(PAIR)
    host.say(RunFailed("ImportError: no torch", "report it", "Traceback"))
    store.pump()
    assert store.summary.state == "finished"
    assert len(store.log) == len(whole_run())
    assert store.trouble.details == "Traceback"


def test_a_failed_run_keeps_its_tokens(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL)
    store.pump()
    host.say(started(), a_round(0, [" a", " b"]), RunFailed("memory ran out", "shorten the run"))
    store.pump()
    assert store.trouble.n_kept == 3
    assert store.summary.state == "failed"
    assert not store.busy


def test_stopping_drops_what_waits_and_reports_no_trouble(qtbot):
    store, host = _store(qtbot)
    store.load(PAIR)
    store.run(PAIR, RUN)
    store.cancel()
    host.say(Refused("load", "stopped by the user", "start it again"))
    store.pump()
    assert host.n_cancelled == 1
    assert host.submitted == [PAIR]
    assert store.trouble is None
    assert not store.busy


def test_a_stopped_run_keeps_its_log(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL)
    store.pump()
    host.say(started(), a_round(0, [" a"]))
    store.pump()
    store.cancel()
    assert store.doing == "stopping"
    host.say(RunFinished("cancelled", 2))
    store.pump()
    assert (store.doing, store.summary.reason, store.summary.n_emitted) == ("done", "cancelled", 2)


def test_a_refusal_to_save_does_not_end_the_run(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL)
    store.pump()
    host.say(started(), Refused("save", "the disk is full", "free it"), a_round(0, [" a"]))
    store.pump()
    assert store.in_rounds is True
    assert store.trouble.what == "save"


def test_a_held_run_makes_one_round_a_step(qtbot):
    store, host = _store(qtbot)
    held = Run("speculative", {}, Request("hello"), paused=True)
    store.run(PAIR, held)
    host.say(MODEL)
    store.pump()
    host.say(started())
    store.pump()
    assert store.doing == "paused"
    store.step()
    assert host.submitted[-1] == Step()


def test_what_the_engine_does_is_named_from_load_to_end(qtbot):
    store, host = _store(qtbot)
    assert store.doing == "empty"
    store.load(PAIR)
    assert store.doing == "starting"
    host.say(MODEL)
    store.pump()
    assert store.doing == "ready"
    store.run(PAIR, RUN)
    assert store.doing == "warming"
    seen = []
    for event in whole_run():
        host.say(event)
        store.pump()
        seen.append(store.doing)
    assert list(dict.fromkeys(seen)) == ["prefilling", "drafting", "measuring", "done"]


def test_a_damaged_file_is_shown_up_to_its_damage(qtbot, tmp_path):
    from engine.trace import TraceWriter

    path = tmp_path / "trace.jsonl"
    writer = TraceWriter(path)
    for event in whole_run():
        writer.write(event)
    writer.close()
    path.write_bytes(path.read_bytes()[:-20])
    store, _ = _store(qtbot)
    store.open_trace(path)
    qtbot.waitUntil(lambda: not store.busy)
    assert len(store.log) == len(whole_run()) - 1
    assert store.trouble.kind == "damaged"
    assert store.close() is True


def test_a_saved_run_reads_back_the_same(qtbot, tmp_path):
    store, host = _store(qtbot)
    host.say(*whole_run())
    store.pump()
    log = list(store.log)
    store.save_trace(tmp_path / "copy.jsonl")
    qtbot.waitUntil(lambda: not store.busy)
    store.open_trace(tmp_path / "copy.jsonl")
    qtbot.waitUntil(lambda: not store.busy)
    assert store.log == log
    assert store.shelf.shown.source == tmp_path / "copy.jsonl"
    store.close()


def test_a_file_that_is_no_run_is_refused_and_loses_nothing(qtbot, tmp_path):
    (tmp_path / "notes.txt").write_text("hello\n")
    store, host = _store(qtbot)
    host.say(*whole_run())
    store.pump()
    store.open_trace(tmp_path / "notes.txt")
    qtbot.waitUntil(lambda: not store.busy)
    assert "not a Draftscope run" in store.trouble.message
    assert len(store.log) == len(whole_run())
    store.close()


def test_an_earlier_run_can_be_shown_while_another_runs(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run("first"))
    store.pump()
    store.run(PAIR, RUN)
    host.say(started("second"), a_round(0, [" a"]))
    store.pump()
    store.show_run(store.shelf.records[0])
    host.say(a_round(1, [" b"]))
    store.pump()
    assert store.started.run_id == "first"
    assert store.doing == "prefilling"
    assert store.shelf.live_summary.n_rounds == 2


def test_a_replay_shows_the_run_again_from_its_start(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    epoch = store.run_number
    store.play(50)
    assert store.run_number == epoch + 1
    assert store.busy
    qtbot.waitUntil(lambda: not store.busy)
    assert store.log == whole_run()
    assert store.shelf.at_end


def test_scrubbing_shows_the_run_as_it_was(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    store.select(Selection(1, None))
    store.seek(3)
    assert store.summary.n_rounds == 1
    assert store.selection is None


def test_a_new_run_ends_a_replay(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    store.play(0.25)
    store.run(PAIR, RUN)
    assert not store.replay.playing


def test_nothing_is_said_while_a_run_is_only_measured(qtbot):
    store, host = _store(qtbot)
    said = []
    store.run(PAIR, RUN)
    store.measure_only = True
    host.say(MODEL, started())
    store.pump()
    store.changed.connect(lambda: said.append(store.summary.n_rounds))
    host.say(a_round(0, [" a"]))
    store.pump()
    assert said == []
    host.say(RunFinished("length", 2))
    store.pump()
    assert said == [1]


def test_a_held_run_is_drawn_even_if_it_is_only_measured(qtbot):
    store, host = _store(qtbot)
    said = []
    store.measure_only = True
    store.run(PAIR, RUN)
    host.say(MODEL, started(), a_round(0, [" a"]))
    store.pump()
    store.pause()
    store.changed.connect(lambda: said.append(store.summary.n_rounds))
    host.say(a_round(1, [" b"]))
    store.pump()
    assert said == [2]


def test_what_happens_is_noted_round_by_round_left_out(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    kinds = [type(note.event).__name__ for note in store.notes.since(0)]
    assert kinds[:3] == ["ModelLoaded", "RunStarted", "PhaseFinished"]
    assert "RoundFinished" not in kinds


def test_questions_are_answered_without_being_seen_as_work(qtbot):
    store, host = _store(qtbot)
    store.ask(Survey("builtin"))
    assert (store.busy, store.doing, host.submitted) == (False, "empty", [Survey("builtin")])
    host.say(Surveyed("builtin", (), "no cache"))
    store.pump()
    assert store.engine.surveyed.problem == "no cache"
    assert not store.commands.unanswered


def test_a_question_that_could_not_be_answered_is_no_trouble(qtbot):
    store, host = _store(qtbot)
    store.ask(Estimate(PAIR))
    host.say(Refused("estimate", "stopped before it began", "again"))
    store.pump()
    assert store.trouble is None
    assert not store.commands.unanswered


def test_a_run_that_cannot_be_saved_is_said_so(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, started(), Refused("save", "the disk is full", "free it"), a_round(0, [" a"]))
    store.pump()
    assert store.trouble.what == "save"


def test_opening_a_trace_ends_a_replay(qtbot, tmp_path):
    store, host = _store(qtbot)
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
    store, _ = _store(qtbot)

    def fail(*_args: object) -> None:
        raise MemoryError

    monkeypatch.setattr("app.trace_files.trace.read", fail)
    store.open_trace(tmp_path / "x.jsonl")
    qtbot.waitUntil(lambda: not store.reading)
    assert "memory" in store.trouble.message
    store.close()


def test_a_replay_beside_a_measured_run_is_drawn(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    store.measure_only = True
    store.run(PAIR, RUN)
    host.say(started("second"), a_round(0, [" a"]))
    store.pump()
    store.show_run(store.shelf.records[0])
    store.play(50)
    said = []
    store.changed.connect(lambda: said.append(store.shelf.n_visible))
    qtbot.waitUntil(lambda: store.shelf.at_end)
    assert said
    store.close()


def test_a_replay_from_the_start_drops_a_selection_that_is_still_to_come(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    store.select(Selection(1, 0))
    store.play(0.25)
    assert store.selection is None
    store.close()


def test_a_run_asked_for_while_another_is_only_measured_stops_the_measuring(qtbot):
    store, host = _store(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run()[:5])
    store.pump()
    assert store.doing == "measuring"
    assert store.can_start
    store.run(PAIR, RUN)
    assert host.n_cancelled == 1
    host.say(RunFinished("cancelled", 5))
    store.pump()
    assert [type(command) for command in host.submitted] == [Load, Run, Run]
    assert not store.can_start
