"""Drills: documents that differ in nothing but whom they are about, and weights where a copy begins."""

from random import Random

import pytest

from engine import prompts
from engine.training.curriculum import DRILLS, Format
from engine.training.samples import Sampler
from engine.training.weighted_text import ANSWER_WEIGHT, DECISION_WEIGHT, encode
from engine.world.census import CROWDED, world
from engine.world.documents import archive, plainly
from engine.world.questions import NOT_SAID, UNKNOWN, Asker, without
from tests import fakes

WORDS = fakes.tokenizer()
SINGLE = {"single": 1.0, "claim": 0.0}
COPY_WEIGHT = 8.0


def sampler(seed: int, *, lacking: float = 0.0) -> Sampler:
    rng = Random(seed)
    return Sampler(archive(rng, world(rng, "train", CROWDED)), rng, near_share=1.0, missing={"draft": lacking})


def test_alike_facts_are_of_one_relation_and_of_different_subjects() -> None:
    rng = Random(1)
    made = archive(rng, world(rng, "train", CROWDED))
    asker = Asker(made, rng)
    for _ in range(50):
        facts = asker.alike(5)
        assert 2 <= len(facts) <= 5
        assert len({fact.relation.name for fact in facts}) == 1
        assert len({fact.subject.name for fact in facts}) == len(facts)
        assert not any(fact.key in made.world.revisions for fact in facts)


def test_every_question_of_a_drill_is_answered_in_its_documents() -> None:
    drawn = sampler(2)
    for _ in range(20):
        prompt = drawn.drill("standard", 4, SINGLE)
        asked = [prompt.text[one.start : one.end] for one in prompt.segments if one.name == "question"]
        answers = [prompt.text[one.start : one.end] for one in prompt.segments if one.name == "answer"]
        assert len(asked) == len(set(asked)) == len(answers) == 4
        assert all(answer in prompt.part("documents") for answer in answers)
        assert 1 <= prompt.part("documents").count("\n[") <= 4


def test_a_drilled_draft_says_unknown_where_its_document_is_left_out_and_only_there() -> None:
    lacking, whole = sampler(3, lacking=1.0), sampler(3)
    unknown = 0
    for _ in range(30):
        prompt = lacking.drill("draft", 3, SINGLE)
        unknown += prompt.part("answer") == f" {UNKNOWN}"
        assert prompt.part("answer") == f" {UNKNOWN}" or prompt.part("answer") in prompt.part("documents")
        assert whole.drill("draft", 3, SINGLE).part("answer") != f" {UNKNOWN}"
    assert unknown > 15


@pytest.mark.parametrize("format_", ["standard", "draft"])
def test_the_token_that_a_copy_begins_with_weighs_what_the_phase_says(format_: Format) -> None:
    prompt = sampler(4).drill(format_, 2, SINGLE)
    text, plain = encode(WORDS, prompt, 0.02, COPY_WEIGHT), encode(WORDS, prompt, 0.02)
    offsets = WORDS(prompt.text, return_offsets_mapping=True)["offset_mapping"]
    changed = [i for i, (a, b) in enumerate(zip(text.weights, plain.weights, strict=True)) if a != b]
    assert changed and {text.weights[i] for i in changed} == {COPY_WEIGHT}
    assert {plain.weights[i] for i in changed} == {ANSWER_WEIGHT}
    begun = {one.name for i in changed for one in prompt.segments if one.start < offsets[i][1] <= one.end}
    assert begun == ({"answer"} if format_ == "standard" else {"answer", "rationale"})


def test_a_verdict_on_a_claim_is_no_copy_and_keeps_its_weight() -> None:
    prompt = sampler(5).drill("draft", 2, {"single": 0.0, "claim": 1.0})
    weights = encode(WORDS, prompt, 0.02, COPY_WEIGHT).weights
    assert weights == encode(WORDS, prompt, 0.02).weights and DECISION_WEIGHT in weights


def test_what_is_said_in_place_of_a_value_that_is_lacking_weighs_as_a_copy_does() -> None:
    rationale = f"The ship Lark is led by Ann. Ann belongs to {NOT_SAID}."
    prompt = prompts.rag_draft(("The ship Lark. It sails on.",), "Who keeps them?", rationale, UNKNOWN)
    text, plain = encode(WORDS, prompt, copy_weight=COPY_WEIGHT), encode(WORDS, prompt)
    offsets = WORDS(prompt.text, return_offsets_mapping=True)["offset_mapping"]
    changed = [i for i, (a, b) in enumerate(zip(text.weights, plain.weights, strict=True)) if a != b]
    begin = prompt.text.index(NOT_SAID)
    assert changed and {text.weights[i] for i in changed} == {COPY_WEIGHT}
    assert {i for i, (start, end) in enumerate(offsets) if start <= begin < end} <= set(changed)
    assert all(offsets[i][0] in (begin - 1, begin) for i in changed)


def test_what_is_lacking_is_said_where_its_value_would_stand() -> None:
    rng = Random(7)
    question = Asker(archive(rng, world(rng, "train", CROWDED)), rng).ask("bridge")
    (first, second), told = question.facts, without(question, 1)
    assert told.answer == UNKNOWN
    assert told.rationale == f"{plainly(first)} {plainly(second).replace(second.value, NOT_SAID)}"
    assert without(question, 0).rationale == plainly(first).replace(first.value, NOT_SAID)


def test_a_phase_of_drills_writes_nothing_else_in_their_formats() -> None:
    drawn = sampler(6)
    texts = [drawn.draw(DRILLS, most_documents=9) for _ in range(40)]
    drilled = [text for text in texts if text.part("task").startswith(("Answer", "Respond"))]
    most = max(DRILLS.n_drilled)
    assert drilled and all(text.part("documents").count("\n[") <= most for text in drilled)
