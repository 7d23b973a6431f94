"""Calls of the built-in target: counted as the tokenizer counts them, over one cache, the same text with drafts."""

import math

import pytest

from engine.events import Event, IterationFinished, ModelCalled, PromptRead, ScalingAnswered
from engine.methods.drag.config import DragConfig
from engine.methods.iterdrag.answering import answered
from engine.methods.iterdrag.config import IterDragConfig
from engine.prompts import ITERATION_STARTS, begun_line
from engine.rag.encoding import encode_piece
from tests.scaling import ANSWER, BRIDGE, builtin_target, context, told


@pytest.fixture(scope="module")
def iterated() -> tuple[list[Event], ScalingAnswered]:
    return told(answered(BRIDGE, IterDragConfig(k=3, m=1, n=3, max_new_tokens=32, gamma=0), context()))


def test_a_two_hop_question_is_answered_by_follow_ups() -> None:
    events, answer = told(answered(BRIDGE, IterDragConfig(k=3, m=0, n=3, max_new_tokens=32, gamma=0), context()))
    found = [event for event in events if isinstance(event, IterationFinished)]
    assert found[0].end == "follow_up" and "Simtamar" in found[0].follow_up and "Simveden" in found[0].intermediate
    assert ANSWER in (answer.answer or "") and answer.n_demonstrations == 0
    assert found[0].probability > 0.3 and math.isclose(sum(math.exp(s.log_p) for s in found[0].starts), 1, abs_tol=0.2)


def test_every_call_has_as_many_tokens_as_the_tokenizer_counts(iterated: tuple[list[Event], ScalingAnswered]) -> None:
    events, answer = iterated
    tokenizer = builtin_target().tokenizer
    n_starts = sum(len(encode_piece(begun_line(start), tokenizer)) for start in ITERATION_STARTS)
    calls = [event for event in events if isinstance(event, ModelCalled)]
    read = [event for event in events if isinstance(event, PromptRead)]
    assert len(calls) == len(read) == answer.n_calls > 2
    for call, prompt in zip(calls, read, strict=True):
        n_prompt = len(tokenizer(prompt.text)["input_ids"])
        assert call.input_tokens == n_prompt + (n_starts if call.purpose == "step" else 0)
        assert sum(part.n_tokens for part in call.context) == call.window == builtin_target().context
        assert 0 <= call.cached_tokens < call.input_tokens
    assert answer.effective_context == sum(call.input_tokens for call in calls)
    assert answer.output_tokens == sum(call.output_tokens for call in calls)


def test_what_a_call_begins_with_is_not_computed_again(iterated: tuple[list[Event], ScalingAnswered]) -> None:
    calls = [event for event in iterated[0] if isinstance(event, ModelCalled)]
    assert calls[0].cached_tokens == 0
    assert all(call.cached_tokens > 0 for call in calls[1:])
    assert calls[-1].cached_tokens > 0.6 * calls[-1].input_tokens


def test_drafted_text_is_the_same_and_takes_fewer_rounds(iterated: tuple[list[Event], ScalingAnswered]) -> None:
    events, drafted = told(answered(BRIDGE, IterDragConfig(k=3, m=1, n=3, max_new_tokens=32, gamma=4), context()))
    texts = [event.text for event in events if isinstance(event, ModelCalled)]
    plain = [event.text for event in iterated[0] if isinstance(event, ModelCalled)]
    assert texts == plain and drafted.answer == iterated[1].answer
    assert drafted.n_rounds < iterated[1].n_rounds and drafted.n_accepted > 0 and iterated[1].n_proposed == 0


def test_without_documents_drag_is_zero_shot_and_many_shot_and_retrieves_nothing() -> None:
    for m, name in ((0, "zero_shot"), (2, "many_shot")):
        scaling = context()
        events, answer = told(answered(BRIDGE, DragConfig(k=0, m=m, max_new_tokens=8), scaling))
        assert (answer.system, answer.n_documents, answer.n_demonstrations, answer.n_calls) == (name, 0, m, 1)
        assert "retrieve" not in scaling.library.asked  # type: ignore[attr-defined]
        assert isinstance(events[-1], ScalingAnswered)


def test_drag_reads_the_best_document_last() -> None:
    events, answer = told(
        answered("When was the feast of Helrise?", DragConfig(k=3, m=0, max_new_tokens=16), context())
    )
    prompt = next(event for event in events if isinstance(event, PromptRead))
    assert answer.system == "drag" and answer.answer == "1535" and answer.n_documents == 3
    assert prompt.text.index("[3] The feast of Helrise") > prompt.text.index("[1]")
