from app.state.command_queue import CommandQueue
from engine.commands import Estimate, Load, Measure, Run, Survey, Train
from engine.events import Estimated, Surveyed
from engine.settings import Request
from tests.app.factory import FakeHost

PAIR = Load()
RUN = Run("plain", {}, Request("a"))
SURVEY, ESTIMATE = Survey("builtin"), Estimate(PAIR)


def _queue() -> tuple[CommandQueue, FakeHost]:
    queue, host = CommandQueue(), FakeHost()
    queue.attach(host)
    return queue, host


def test_question_waits_for_its_turn():
    queue, host = _queue()
    queue.ask(PAIR)
    queue.ask(SURVEY)
    assert host.submitted == [PAIR]
    queue.answered(done=True)
    assert host.submitted == [PAIR, SURVEY]
    queue.hear(Surveyed("builtin", ()))
    assert not queue.unanswered


def test_question_is_nobody_elses_concern():
    queue, _ = _queue()
    queue.ask(SURVEY)
    assert (queue.front, queue.has_run, queue.unanswered) == (None, False, True)
    queue.ask(RUN)
    assert queue.front == RUN


def test_run_goes_before_the_questions_that_wait():
    queue, host = _queue()
    for command in (PAIR, SURVEY, ESTIMATE, RUN):
        queue.ask(command)
    for _ in range(2):
        queue.answered(done=True)
    assert host.submitted == [PAIR, RUN, SURVEY]


def test_question_under_way_steps_aside_and_is_asked_again():
    queue, host = _queue()
    queue.ask(SURVEY)
    queue.ask(PAIR)
    queue.ask(RUN)
    assert (host.n_cancelled, host.submitted) == (1, [SURVEY])
    queue.answered(done=False)
    queue.answered(done=True)
    queue.answered(done=True)
    assert host.submitted == [SURVEY, PAIR, RUN, SURVEY]


def test_answer_that_was_already_on_its_way_is_not_asked_for_twice():
    queue, host = _queue()
    queue.ask(SURVEY)
    queue.ask(RUN)
    queue.hear(Surveyed("builtin", ()))
    queue.answered(done=True)
    assert host.submitted == [SURVEY, RUN]
    assert not queue.unanswered


def test_newer_question_replaces_one_that_waits():
    queue, host = _queue()
    queue.ask(PAIR)
    queue.ask(Survey("a"))
    queue.ask(Survey("b"))
    queue.answered(done=True)
    queue.hear(Surveyed("builtin", ()))
    assert host.submitted == [PAIR, Survey("b")]
    assert not queue.unanswered


def test_estimate_of_a_load_answers_no_question():
    queue, _ = _queue()
    queue.ask(PAIR)
    queue.hear(Estimated(0, 0, 0, 0, "cpu", "builtin"))
    assert queue.front == PAIR


def test_stop_forgets_the_questions():
    queue, host = _queue()
    queue.ask(PAIR)
    queue.ask(SURVEY)
    queue.cancel()
    queue.answered(done=False)
    assert host.submitted == [PAIR]
    assert not queue.unanswered


def test_load_that_fails_drops_its_runs_and_keeps_the_questions():
    queue, host = _queue()
    for command in (PAIR, RUN, SURVEY):
        queue.ask(command)
    queue.answered(done=False)
    assert host.submitted == [PAIR, SURVEY]


def test_forgotten_pair_is_to_be_loaded_again():
    queue, _ = _queue()
    queue.ask(PAIR)
    queue.answered(done=True)
    assert queue.pair_to_come == PAIR
    queue.forget_pair()
    assert queue.pair_to_come is None
    queue.ask(Load(drafter="lookup"))
    assert queue.pair_to_come == Load(drafter="lookup")


def test_pair_forgotten_while_it_loads_is_to_be_loaded_again_after_what_waits_for_it():
    queue, host = _queue()
    queue.ask(PAIR)
    queue.ask(RUN)
    queue.forget_pair()
    assert queue.pair_to_come is None
    queue.answered(done=True)
    queue.answered(done=True)
    assert host.submitted == [PAIR, RUN]
    assert queue.pair_to_come is None
    queue.ask(PAIR)
    queue.answered(done=True)
    assert queue.pair_to_come == PAIR


def test_pair_that_waits_to_be_loaded_is_not_forgotten():
    queue, _ = _queue()
    queue.ask(RUN)
    queue.ask(PAIR)
    queue.forget_pair()
    assert queue.pair_to_come == PAIR


TRAIN = Train("builtin", "", "out", {})


def _handed_after_forgetting(*asked, n_before=1):
    """What is handed over when the pair is forgotten while the first of those asked for is under way."""
    queue, host = _queue()
    for command in (PAIR, *asked):
        queue.ask(command)
    for _ in range(n_before):
        queue.answered(done=True)
    queue.forget_pair()
    while queue.unanswered:
        queue.answered(done=True)
    return host.submitted


def test_run_behind_a_training_that_leaves_the_host_has_its_pair_loaded_there():
    assert _handed_after_forgetting(RUN, TRAIN, RUN) == [PAIR, RUN, TRAIN, PAIR, RUN]
    assert _handed_after_forgetting(RUN, TRAIN, Measure(4)) == [PAIR, RUN, TRAIN, PAIR, Measure(4)]
    assert _handed_after_forgetting(TRAIN, RUN, n_before=0) == [PAIR, TRAIN, PAIR, RUN]


def test_run_behind_a_training_that_stays_finds_its_pair_where_it_is():
    assert _handed_after_forgetting(TRAIN, RUN) == [PAIR, TRAIN, RUN]


def test_pair_that_is_loaded_on_the_way_is_loaded_once():
    other = Load(drafter="lookup")
    assert _handed_after_forgetting(RUN, other, TRAIN, RUN) == [PAIR, RUN, other, TRAIN, RUN]
    assert _handed_after_forgetting(RUN, TRAIN, other, RUN) == [PAIR, RUN, TRAIN, other, RUN]


def test_measurement_is_known_while_it_waits_and_dropped_with_its_pair():
    queue, host = _queue()
    queue.ask(PAIR)
    queue.ask(Measure(4))
    assert (queue.has(Measure), queue.has_run) == (True, False)
    queue.answered(done=False)
    assert (queue.unanswered, host.submitted) == (False, [PAIR])
