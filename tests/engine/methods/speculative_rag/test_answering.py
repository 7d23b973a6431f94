"""Whole answers: the order of events, what is chosen, what is used again, and what is said where nothing can be."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest
import torch

from engine import events
from engine.commands import Load
from engine.errors import InputError
from engine.events import (
    CandidateScored,
    CostPredicted,
    DraftFinished,
    Event,
    Partitioned,
    PhaseFinished,
    PromptRead,
    QuestionAnswered,
    Retrieved,
    TokensEmitted,
    Warned,
)
from engine.methods.speculative_rag import answering
from engine.methods.speculative_rag.answering import Outcome, answer
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.verifying import Judgement
from engine.methods.standard_rag.asking import AnswerContext
from engine.rag.memo import Memo
from engine.rag.values import Lengths
from engine.runtime import Cancelled, RunContext
from engine.session.session import Session
from tests import fakes
from tests.library import QUESTION, TEXTS, FakeLibrary

CONFIG = SpeculativeRagConfig(n=6, m=3, max_new_tokens=64)


@cache
def builtin() -> Session:
    made = Session()
    list(made.do(Load("builtin", "builtin:rag", device="cpu")))
    return made


def context(
    session: Session | None = None, library: FakeLibrary | None = None, flag: Flag | None = None
) -> AnswerContext:
    session = session or builtin()
    assert session.target is not None and session.models is not None and session.models.drafter is not None
    runtime = RunContext(session.target, session.drafter, session.drafter_spec, cancelled=flag or Flag())
    return AnswerContext(runtime, session.models.drafter, library or FakeLibrary(), Memo())


@torch.inference_mode()
def ask(at: AnswerContext, question: str = QUESTION, **changes: object) -> tuple[list[Event], Outcome]:
    *told, last = answer(question, msgspec.structs.replace(CONFIG, **changes), at)
    assert isinstance(last, Outcome)
    return [one for one in told if isinstance(one, Event)], last


def kinds(told: Iterable[Event]) -> list[type[Event]]:
    return [type(event) for event in told]


def of(told: Iterable[Event], kind: type[Event]) -> list[Event]:
    return [event for event in told if isinstance(event, kind)]


def answers(told: Iterable[Event]) -> dict[str, QuestionAnswered]:
    return {event.system: event for event in told if isinstance(event, QuestionAnswered)}


def test_passages_say_how_many_tokens_of_the_target_they_have() -> None:
    made = context()
    told, _ = ask(made)
    found = of(told, Retrieved)[0]
    assert isinstance(found, Retrieved)
    tokenizer = made.rt.target.tokenizer
    lengths = [len(tokenizer.encode(one.text, add_special_tokens=False)) for one in found.passages]
    assert [one.n_tokens for one in found.passages] == lengths and all(lengths)


def test_phases_come_in_their_order_and_every_system_answers() -> None:
    told, outcome = ask(context())
    phases = [event.phase for event in told if isinstance(event, PhaseFinished)]
    assert phases == ["retrieving", "partitioning", "drafting", "verifying"]
    assert kinds(told)[:2] == [Retrieved, PhaseFinished]
    assert list(answers(told)) == [
        "speculative_rag", "drafter_alone", "random_choice", "standard_rag", "standard_rag_speculative",
    ]  # fmt: skip
    assert len(of(told, DraftFinished)) == len(of(told, CandidateScored)) == 3
    assert [event.system for event in told if isinstance(event, CostPredicted)] == ["speculative_rag", "standard_rag"]
    assert outcome.answers == tuple(answers(told).values())


def test_best_log_score_wins_and_the_margin_is_that_to_the_next() -> None:
    told, _ = ask(context())
    scores = {event.draft: event.log_score for event in told if isinstance(event, CandidateScored)}
    ranked = sorted(scores, key=lambda draft: -scores[draft])
    ours = answers(told)["speculative_rag"]
    assert ours.winner == ranked[0]
    assert ours.margin == pytest.approx(scores[ranked[0]] - scores[ranked[1]])
    drafts = {event.draft: event for event in told if isinstance(event, DraftFinished)}
    assert (ours.answer, ours.rationale) == (drafts[ranked[0]].response, drafts[ranked[0]].rationale)


def test_chance_draws_a_draft_anew_for_every_question_whatever_the_scores() -> None:
    _, outcome = ask(context())
    work = answering._Work(0.0, (), ())

    def winners(judged: Sequence[Judgement | None]) -> list[int | None]:
        told = [answering._chosen_answers(f"question {i}", outcome.drafts, judged, work, CONFIG) for i in range(40)]
        return [list(one)[2].winner for one in told]

    best = answers(list(outcome.answers))["speculative_rag"].winner
    drawn = winners(outcome.judged)
    assert set(drawn) == {0, 1, 2} and max(map(drawn.count, drawn)) < 30
    assert best in drawn and drawn == winners(outcome.judged[::-1]), "the scores decide"


def test_latency_is_the_sum_of_the_phases_after_retrieval() -> None:
    told, _ = ask(context())
    ms = {event.phase: event.ms for event in told if isinstance(event, PhaseFinished)}
    ours, alone = (answers(told)[name].latency_ms for name in ("speculative_rag", "drafter_alone"))
    assert ours == pytest.approx(ms["partitioning"] + ms["drafting"] + ms["verifying"])
    assert alone == pytest.approx(ms["partitioning"] + ms["drafting"])


def test_prompts_say_what_was_read_in_parts_that_cover_them() -> None:
    told, _ = ask(context())
    read = [event for event in told if isinstance(event, PromptRead)]
    assert {(event.reader, event.purpose) for event in read} == {
        ("drafter", "draft"), ("target", "scores"), ("target", "standard_rag"), ("target", "standard_rag_speculative"),
    }  # fmt: skip
    for event in read:
        assert event.n_tokens == sum(part.n_tokens for part in event.parts)
        assert event.parts[-1].end == len(event.text)


def test_speculated_standard_rag_says_the_same_as_plain() -> None:
    told, _ = ask(context())
    plain, fast = (answers(told)[name] for name in ("standard_rag", "standard_rag_speculative"))
    assert plain.answer == fast.answer
    assert (plain.drafter_tokens, fast.drafter_tokens > 0) == (0, True)


def written(told: Iterable[Event], lane: str) -> int:
    return sum(len(one.ids) for one in told if isinstance(one, TokensEmitted) and one.lane == lane)


def test_standard_rag_that_is_timed_goes_on_past_the_line_as_drafts_do() -> None:
    told, _ = ask(context()._replace(lengths=Lengths(30, 10)), max_new_tokens=40)
    assert {written(told, lane) for lane in ("draft 0", "standard_rag", "standard_rag_speculative")} == {40}


def test_answers_end_as_drafts_do_whatever_the_setting_says() -> None:
    (told, _), (other, _) = ask(context()), ask(context(), stop_at_end=False)
    for lane in ("draft 0", "standard_rag", "standard_rag_speculative"):
        assert written(told, lane) == written(other, lane) < CONFIG.max_new_tokens
    assert {name: one.answer for name, one in answers(told).items()} == {
        name: one.answer for name, one in answers(other).items()
    }


def timeless(event: Event) -> dict[str, object]:
    return {k: v for k, v in msgspec.to_builtins(event).items() if not k.endswith("_s") and k != "reused"}


def test_same_question_again_uses_everything_again_at_its_first_cost() -> None:
    at = context()
    (first, _), (again, _) = ask(at), ask(at)
    assert at.library.asked.count("retrieve") == 1  # type: ignore[attr-defined]
    for kind in (Retrieved, DraftFinished, CandidateScored, QuestionAnswered):
        assert [timeless(event) for event in of(first, kind)] == [timeless(event) for event in of(again, kind)]
    assert all(getattr(event, "reused", True) for event in again)
    assert not any(getattr(event, "reused", False) for event in first)


def test_other_scores_that_decide_re_run_nothing() -> None:
    at = context()
    ask(at)
    again, _ = ask(at, scores="draft")
    assert all(getattr(event, "reused", True) for event in again)


def test_other_subsets_draft_only_what_is_new() -> None:
    at = context()
    first, _ = ask(at, m=2)
    again, _ = ask(at, m=4)
    subsets = [set(event.subsets) for event in (*of(first, Partitioned), *of(again, Partitioned))]  # type: ignore[attr-defined]
    reused = [event.reused for event in again if isinstance(event, DraftFinished)]
    assert reused.count(True) == len(subsets[0] & subsets[1])
    assert at.library.asked.count("embed") == 1  # type: ignore[attr-defined]


def test_lanes_are_named_after_their_drafts_and_systems() -> None:
    told, outcome = ask(context(), m=2)
    lanes = {event.lane for event in told if isinstance(event, TokensEmitted)}
    assert lanes == {"draft 0", "draft 1", "standard_rag", "standard_rag_speculative"}
    for i, one in enumerate(outcome.drafts):
        assert "".join(e.text for e in told if isinstance(e, TokensEmitted) and e.lane == f"draft {i}") == one.text


def test_more_drafts_than_distinct_subsets_are_fewer_and_it_is_said() -> None:
    told, outcome = ask(context(library=FakeLibrary(TEXTS[:2])), n=2, m=8)
    [divided] = of(told, Partitioned)
    assert len(outcome.drafts) == 1
    assert "only 1 of 8 subsets" in divided.note  # type: ignore[attr-defined]


def test_more_passages_than_there_are_is_said() -> None:
    told, _ = ask(context(), n=50)
    assert "there are only 6" in of(told, Retrieved)[0].note  # type: ignore[attr-defined]


def test_stored_vectors_are_not_embedded_anew() -> None:
    at = context()
    told, _ = ask(at, conditioning="stored", baselines="none")
    assert "vectors" in at.library.asked  # type: ignore[attr-defined]
    assert of(told, Partitioned)[0].conditioned == "not on the question: the vectors of the index"  # type: ignore[attr-defined]


def test_empty_question_is_refused() -> None:
    with pytest.raises(InputError, match="the question is empty"):
        ask(context(), "  ")


def test_drafter_that_never_responds_leaves_no_answer_and_a_warning(tmp_path: Path) -> None:
    made = Session()
    target = fakes.model(max_position_embeddings=1024)
    list(made.do(Load(fakes.save(target, tmp_path / "t"), fakes.save(fakes.noisy_copy(target), tmp_path / "d"))))
    told, outcome = ask(context(made), max_new_tokens=8)
    [warned] = of(told, Warned)
    assert "none of the 3 drafts can be chosen: no response within 8 tokens" in warned.message  # type: ignore[attr-defined]
    ours = answers(told)["speculative_rag"]
    assert (ours.answer, ours.rationale, ours.winner, ours.margin) == (None, None, None, None)
    assert outcome.judged == (None, None, None)
    assert answers(told)["standard_rag"].latency_ms > 0


def test_stopped_answer_ends_between_rounds() -> None:
    flag = Flag()
    after = 0
    with torch.inference_mode(), pytest.raises(Cancelled):
        for event in answer(QUESTION, CONFIG, context(flag=flag)):
            after += flag.is_set() and isinstance(event, TokensEmitted)
            if isinstance(event, TokensEmitted):
                flag.set()
    assert after <= 2 * CONFIG.m


def test_every_event_of_an_answer_survives_the_trace() -> None:
    for event in ask(context())[0]:
        assert msgspec.json.decode(msgspec.json.encode(event), type=events.AnyEvent) == event
