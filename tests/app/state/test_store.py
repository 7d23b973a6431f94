from app.state.selection import Selection
from engine.commands import Estimate, Load, Run, Step, Survey
from engine.events import EngineEnded, EngineStarted, ModelLoaded, Refused, RunFailed, RunFinished, Surveyed
from engine.runs.summary import Summary, fold
from engine.settings import Request
from tests.app.factory import MODEL, PAIR, a_round, started, whole_run
from tests.app.state.attached_store import RUN, attached


def test_a_frame_folds_every_event_and_says_so_once(qtbot):
    store, host = attached(qtbot)
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
    store, _ = attached(qtbot)
    said = []
    store.changed.connect(lambda: said.append(1))
    store.pump()
    assert said == []


def test_a_new_run_replaces_the_log_and_keeps_the_one_before(qtbot):
    store, host = attached(qtbot)
    host.say(*whole_run("first"))
    store.pump()
    store.select(Selection(1, 0))
    host.say(started("second"))
    store.pump()
    assert store.started.run_id == "second"
    assert store.selection is None
    first, second = store.history.records
    assert first.started is not None
    assert (first.started.run_id, first.summary.n_emitted) == ("first", 5)
    assert second is store.history.shown


def test_a_run_asked_for_while_loading_starts_once_the_models_are_there(qtbot):
    store, host = attached(qtbot)
    store.load(PAIR)
    store.run(PAIR, RUN)
    assert host.submitted == [PAIR]
    host.say(MODEL)
    store.pump()
    assert host.submitted == [PAIR, RUN]


def test_a_run_on_another_pair_loads_it_first(qtbot):
    store, host = attached(qtbot)
    store.load(PAIR)
    host.say(MODEL)
    store.pump()
    other = Load(drafter="lookup")
    store.run(other, RUN)
    host.say(ModelLoaded("builtin", "lookup", "cpu", "float32", 2048, 1, 0, 0.1))
    store.pump()
    assert host.submitted == [PAIR, other, RUN]


def test_a_run_on_the_loaded_pair_does_not_load_it_again(qtbot):
    store, host = attached(qtbot)
    store.load(PAIR)
    host.say(MODEL)
    store.pump()
    store.run(PAIR, RUN)
    assert host.submitted == [PAIR, RUN]


def test_a_run_is_dropped_when_its_pair_cannot_be_loaded(qtbot):
    store, host = attached(qtbot)
    store.run(Load(target="nowhere"), RUN)
    host.say(Refused("load", "there is no folder nowhere", "check the path"))
    store.pump()
    assert host.submitted == [Load(target="nowhere")]
    assert not store.busy
    assert store.trouble.message == "there is no folder nowhere"


def test_a_defect_while_loading_leaves_the_run_on_show_as_it_was(qtbot):
    store, host = attached(qtbot)
    host.say(*whole_run())
    store.pump()
    store.load(PAIR)
    host.say(RunFailed("ImportError: no torch", "report it", "Traceback"))
    store.pump()
    assert store.summary.state == "finished"
    assert len(store.log) == len(whole_run())
    assert store.trouble.details == "Traceback"


def test_a_failed_run_keeps_its_tokens(qtbot):
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL)
    store.pump()
    host.say(started(), a_round(0, [" a", " b"]), RunFailed("memory ran out", "shorten the run"))
    store.pump()
    assert store.trouble.kept == "3 tokens, shown below"
    assert store.summary.state == "failed"
    assert not store.busy


def test_stopping_drops_what_waits_and_reports_no_trouble(qtbot):
    store, host = attached(qtbot)
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
    store, host = attached(qtbot)
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
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL)
    store.pump()
    host.say(started(), Refused("save", "the disk is full", "free it"), a_round(0, [" a"]))
    store.pump()
    assert store.in_rounds is True
    assert store.trouble.what == "save"


def test_a_held_run_makes_one_round_a_step(qtbot):
    store, host = attached(qtbot)
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
    store, host = attached(qtbot)
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


def test_nothing_is_said_while_a_run_is_only_measured(qtbot):
    store, host = attached(qtbot)
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
    store, host = attached(qtbot)
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
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run())
    store.pump()
    kinds = [type(note.event).__name__ for note in store.notes.since(0)]
    assert kinds[:3] == ["ModelLoaded", "RunStarted", "PhaseFinished"]
    assert "RoundFinished" not in kinds


def test_questions_are_answered_without_being_seen_as_work(qtbot):
    store, host = attached(qtbot)
    store.ask(Survey("builtin"))
    assert (store.busy, store.doing, host.submitted) == (False, "empty", [Survey("builtin")])
    host.say(Surveyed("builtin", (), "no cache"))
    store.pump()
    assert store.engine.surveyed.problem == "no cache"
    assert not store.commands.unanswered


def test_a_question_that_could_not_be_answered_is_no_trouble(qtbot):
    store, host = attached(qtbot)
    store.ask(Estimate(PAIR))
    host.say(Refused("estimate", "stopped before it began", "again"))
    store.pump()
    assert store.trouble is None
    assert not store.commands.unanswered


def test_a_run_that_cannot_be_saved_is_said_so(qtbot):
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, started(), Refused("save", "the disk is full", "free it"), a_round(0, [" a"]))
    store.pump()
    assert store.trouble.what == "save"


def test_a_run_asked_for_while_another_is_only_measured_stops_the_measuring(qtbot):
    store, host = attached(qtbot)
    store.run(PAIR, RUN)
    host.say(MODEL, *whole_run()[:5])
    store.pump()
    assert store.doing == "measuring"
    assert not store.may_start()
    store.run(PAIR, RUN)
    assert host.n_cancelled == 1
    host.say(RunFinished("cancelled", 5))
    store.pump()
    assert [type(command) for command in host.submitted] == [Load, Run, Run]
    assert store.may_start()


def test_the_end_of_an_idle_process_is_said_without_anything_being_asked(qtbot):
    store, host = attached(qtbot)
    store.load(PAIR)
    host.say(EngineStarted("process", 4711), MODEL)
    store.pump()
    assert store.commands.front is None
    host.say(EngineEnded("the engine's process was ended from outside (SIGTERM)", "the next run loads the pair again"))
    qtbot.waitUntil(lambda: store.trouble is not None, timeout=10_000)
    assert (store.trouble.kind, "SIGTERM" in store.trouble.message) == ("ended", True)
    qtbot.waitUntil(lambda: not store._timer.isActive(), timeout=10_000)


def test_an_engine_on_a_thread_is_not_watched_while_idle(qtbot):
    store, host = attached(qtbot)
    store.load(PAIR)
    host.say(EngineStarted("thread", 4711), MODEL)
    store.pump()
    assert not store._timer.isActive()
