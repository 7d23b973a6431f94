"""What is known of an answer, in values and in words."""

from math import exp, log

import msgspec
import pytest

from app.panels.prompt_text import _counts
from app.state.run_record import RunRecord
from app.words import same_answer
from app.workspaces.rag import answer_words
from app.workspaces.rag.answer import AnswerRecord
from app.workspaces.rag.evidence import shared_words
from app.workspaces.rag.pick import Pick
from engine.events import FileSkipped, RunFinished, TokensEmitted
from tests.app.answers import RATIONALES, TEXTS, answer_started, drafting, whole_answer


def known(events) -> AnswerRecord:  # type: ignore[no-untyped-def]
    answer = AnswerRecord()
    for event in events:
        answer.take(event)
    return answer


def test_lanes_hold_what_was_written_so_far() -> None:
    answer = known(drafting())
    assert answer.rationale(0) == RATIONALES[0]
    assert answer.drafts[0].n_tokens == len(RATIONALES[0].split(" "))
    assert answer.winner is None


def test_runner_up_is_the_best_complete_draft_but_the_winner() -> None:
    answer = known(whole_answer())
    assert (answer.winner, answer.runner_up) == (0, 3)


def test_what_is_pointed_at_gives_way_to_the_winner_where_there_is_no_such_draft() -> None:
    answer = known(whole_answer())
    assert answer.draft_at(Pick(draft=2)) == 2
    assert answer.draft_at(Pick(draft=9)) == 0
    assert answer.passage_at(Pick()) == 0
    assert answer.passage_at(Pick(draft=2)) == 8
    assert answer.passage_at(Pick(passage=99)) == 0


def test_a_lane_of_another_kind_is_no_draft() -> None:
    answer = known([*drafting(), TokensEmitted("standard_rag", (1,), "x"), TokensEmitted("draft 99", (1,), "x")])
    assert sorted(answer.drafts) == [0, 1, 2, 3, 4]


def test_events_of_no_answer_change_nothing() -> None:
    assert known([FileSkipped("a", "b")]) == AnswerRecord()


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.83, "0.83"), (0.0095, "0.01"), (4e-5, "10⁻⁴"), (9.7e-8, "10⁻⁷"), (5e-53, "10⁻⁵²"), (1.94, "1.94")],
)
def test_probabilities_stay_readable_however_small(p: float, text: str) -> None:
    assert answer_words.probability(log(p)) == text


def test_an_impossible_draft_has_probability_zero() -> None:
    assert answer_words.probability(float("-inf")) == "0"


def test_a_margin_is_a_factor() -> None:
    assert answer_words.factor(log(2.5)) == "2.50×"
    assert answer_words.factor(log(40)) == "40×"
    assert answer_words.factor(log(5e6)) == "10⁶×"


def test_less_time_is_a_negative_percentage() -> None:
    assert answer_words.cut(60, 100) == "−40 %"
    assert answer_words.cut(130, 100) == "+30 %"
    assert answer_words.cut(100.2, 100) == "the same"
    assert answer_words.cut(1, 0) == "—"


def test_equal_scores_are_a_tie() -> None:
    assert answer_words.is_tie(0.0) and answer_words.is_tie(0.004) and not answer_words.is_tie(0.01)
    assert answer_words.factor(0.0) == "as likely"


@pytest.mark.parametrize(
    ("answer", "known_to_be", "right"),
    [
        ("the guild of Laggard", "the guild of Laggard", True), ("It is 1310, they say", "1310", True),
        ("13101", "1310", False), ("False", "True", False), ("true.", "True", True), ("It is not true", "True", False),
        (None, "1310", False), ("1310", "", False), ("unknown", "1310", False),
    ],
)  # fmt: skip
def test_an_answer_is_right_that_holds_the_known_one(answer: str | None, known_to_be: str, right: bool) -> None:
    assert same_answer.agrees(answer, known_to_be) is right


def test_another_answer_than_standard_rags_is_no_error() -> None:
    assert answer_words.against("A", "a.") == "= standard RAG"
    assert answer_words.against("A", "b") == "≠ standard RAG"
    assert answer_words.against(None, "b") == ""


def test_answers_are_the_same_by_letters_and_figures() -> None:
    assert same_answer.same("Maren Oldcastle", " maren  oldcastle.")
    assert not same_answer.same("1742", "1743")


def test_status_says_what_is_going_on() -> None:
    said = [answer_words.state(event) for event in whole_answer()]
    first = list(dict.fromkeys(said))
    assert first[:4] == ["looking for passages", "grouping the passages", "drafting", "scoring the drafts"]
    assert answer_words.state(None) == "looking for passages"


def test_a_stopped_answer_says_that_drafts_are_kept() -> None:
    record = RunRecord(1)
    record.add_all([answer_started(), RunFinished("cancelled", 0)])
    assert "kept" in answer_words.ending(record)


def test_shared_words_are_those_that_tell_something() -> None:
    spans = shared_words(TEXTS[0][1], RATIONALES[0])
    marked = [TEXTS[0][1][span.start : span.end] for span in spans]
    assert "Maren Oldcastle" in marked and "1742" in marked
    assert not any(mark in ("was", "the", "by") for mark in marked)


def test_nothing_is_shared_with_an_empty_rationale() -> None:
    assert shared_words(TEXTS[0][1], "") == ()


def test_log_scores_come_from_probabilities() -> None:
    answer = known(whole_answer())
    scored = answer.drafts[0].scored
    assert scored is not None and exp(scored.log_draft) == pytest.approx(0.83)


def test_models_that_were_asked_through_their_templates_are_named() -> None:
    answer = known(whole_answer())
    assert answer.started is not None and answer.prompts
    plain = answer_words.models(answer.started, answer.prompts)
    assert "chat" not in plain
    every = [msgspec.structs.replace(prompt, chat=True) for prompt in answer.prompts]
    assert answer_words.models(answer.started, every) == f"{plain} · asked as chat"
    only = [msgspec.structs.replace(prompt, chat=prompt.reader == "drafter") for prompt in answer.prompts]
    assert answer_words.models(answer.started, only) == f"{plain} · the drafter asked as chat"
    assert "asked as chat" in _counts(every[0]) and "asked as chat" not in _counts(answer.prompts[0])
