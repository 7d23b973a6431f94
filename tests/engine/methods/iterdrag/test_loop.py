"""Steps of the loop with a target whose lines are written before: ends, loops, doubts, documents without duplicates."""

from engine.events import IterationFinished, ScalingAnswered
from engine.methods.iterdrag.config import IterDragConfig
from engine.methods.iterdrag.iterating import follow
from engine.methods.iterdrag.loop import Loop
from engine.methods.iterdrag.popular import decomposed
from tests.library import FakeLibrary
from tests.scaling import BRIDGE, WrittenCalls, context, told

ASKS, ANSWERS, FINAL = 0, 1, 2


def iterations(
    script: list[tuple[int, str, float]], *, scores: tuple[float, ...] = (-0.1, -9.0, -3.0),
    texts: tuple[str, ...] = (), way: object = follow, **settings: object,
) -> tuple[list[IterationFinished], ScalingAnswered, WrittenCalls]:  # fmt: skip
    calls = WrittenCalls(script, scores)
    config = IterDragConfig(**{"k": 2, "m": 0, "n": 3, **settings})  # type: ignore[arg-type]
    library = FakeLibrary(texts) if texts else FakeLibrary()
    loop = Loop(BRIDGE, config, context(library), (), calls)  # type: ignore[arg-type]
    events, answer = told(way(loop, BRIDGE, config))  # type: ignore[operator]
    return [event for event in events if isinstance(event, IterationFinished)], answer, calls


def test_follow_ups_go_on_until_the_target_answers_and_documents_are_added_once() -> None:
    script = [(ASKS, "Which guild?", 0.9), (ANSWERS, "Tabbamark", 0.8), (FINAL, "1402", 0.7)]
    (first, last), answer, calls = iterations(script)
    assert (first.end, first.follow_up, first.intermediate, first.probability) == (
        "follow_up",
        "Which guild?",
        "Tabbamark",
        0.8,
    )
    assert [start.start for start in first.starts] == ["Follow up:", "Intermediate answer:", "So the final answer is:"]
    assert len(first.documents) + first.n_known == 2 and not first.forced
    assert (last.end, last.intermediate, last.forced) == ("final", "1402", False)
    assert (answer.answer, answer.n_iterations, answer.n_calls, answer.effective_context) == ("1402", 1, 3, 30)
    documents = calls.contents[-1].documents
    assert len(set(documents)) == len(documents) == answer.n_documents
    assert calls.contents[1].documents[:2] == calls.contents[0].documents, "new ones stand behind those before"
    assert (first.input_tokens, last.input_tokens, first.cached_tokens) == (20, 10, 8)


def test_after_n_follow_ups_it_has_to_answer() -> None:
    script = [(ASKS, "a?", 0.5), (ANSWERS, "b", 0.5), (ASKS, "c?", 0.5), (ANSWERS, "d", 0.5), (FINAL, "e", 0.5)]
    found, answer, calls = iterations(script, n=2)
    assert [one.end for one in found] == ["follow_up", "follow_up", "final"]
    assert found[-1].forced and "after 2 follow-up questions: the final answer was forced" in found[-1].note
    assert calls.contents[-1].begun == "\nSo the final answer is:" and answer.n_iterations == 2


def test_the_same_question_again_and_an_empty_one_end_the_loop() -> None:
    again = [(ASKS, "Which guild?", 0.5), (ANSWERS, "b", 0.5), (ASKS, "which guild", 0.5), (FINAL, "e", 0.5)]
    found, answer, _ = iterations(again)
    assert "it asked the same again: which guild" in found[-1].note and answer.n_iterations == 1
    assert found[-1].input_tokens == 20, "the question that led nowhere is counted"
    found, _, _ = iterations([(ASKS, "", 0.5), (FINAL, "e", 0.5)])
    assert "the follow-up question is empty" in found[0].note and found[0].end == "final"


def test_a_sure_intermediate_answer_ends_the_loop_only_if_that_is_asked_for() -> None:
    script = [(ASKS, "a?", 0.5), (ANSWERS, "b", 0.95), (FINAL, "e", 0.5)]
    found, answer, _ = iterations(script, stop_above=0.9)
    assert "the intermediate answer has a probability of 0.95" in found[-1].note and answer.n_iterations == 1
    found, _, _ = iterations(script)
    assert not found[-1].forced


def test_a_target_that_does_not_know_the_beginnings_and_empty_retrieval_are_said() -> None:
    found, answer, _ = iterations([(FINAL, "", 0.5)], scores=(-20.0, -18.0, -19.0), texts=("",))
    assert "it hardly knows this format" in found[0].note
    assert "it would have answered before it asked" in found[0].note
    assert answer.answer is None


def test_the_popular_variant_asks_everything_before_it_answers_anything() -> None:
    script = [
        (0, "a?", 0.5), (0, "b?", 0.5), (0, "a?", 0.5), (0, "one", 0.5), (0, "two", 0.5), (FINAL, "e", 0.5),
    ]  # fmt: skip
    found, answer, calls = iterations(script, way=decomposed)
    assert [one.follow_up for one in found] == ["a?", "b?", ""] and answer.answer == "e"
    assert calls.contents[3].question == "a?" and not calls.contents[3].steps and not calls.contents[4].steps
    assert [step.answer for step in calls.contents[-1].steps] == ["one", "two"]
    assert "2 sub-questions were answered apart" in found[-1].note
