"""The history of answers: each tab keeps those of its own methods, and a replay begins with the first step."""

import pytest

from app.state.answer_history import AnswerHistory
from app.state.run_record import RunRecord
from app.state.store import RunStore
from engine.commands import Load, Run
from engine.events import Event
from engine.settings import Request
from tests.app.answers import whole_answer
from tests.scaled_answers import whole_scaling_answer


class RagAnswers(AnswerHistory):
    workspace = "rag"


class ScalingAnswers(AnswerHistory):
    workspace = "scaling"


@pytest.fixture
def store(qapp) -> RunStore:  # type: ignore[no-untyped-def]
    return RunStore()


def _record(events: list[Event]) -> RunRecord:
    record = RunRecord(1)
    for event in events:
        record.add(event)
    return record


def test_each_tab_has_the_answers_of_its_own_methods(store: RunStore) -> None:
    rag, scaling = store.tab(RagAnswers), store.tab(ScalingAnswers)
    assert rag.history_of("standard_rag") is rag.history and rag.history_of("drag") is None
    assert scaling.history_of("iterdrag") is scaling.history and scaling.history_of("plain") is None
    asked = Run("drag", {}, Request("Who?"))
    assert scaling.works_on(asked) and not rag.works_on(asked) and not scaling.works_on(Load())


@pytest.mark.parametrize(("kind", "events"), [(RagAnswers, whole_answer), (ScalingAnswers, whole_scaling_answer)])
def test_a_replay_begins_with_the_first_step(store: RunStore, kind, events) -> None:  # type: ignore[no-untyped-def]
    answers = store.tab(kind)
    answers.open_run(_record(list(events())))
    answers.play(1.0)
    first = answers.history.shown.events[answers.history.n_visible]
    assert isinstance(first, answers.replays_from)
    answers.show_record(answers.history.shown)
    assert not answers.replay.playing and answers.history.at_end
