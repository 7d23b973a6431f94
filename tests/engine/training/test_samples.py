"""Training texts: every format of every kind, honest reflections, weights on what a model is to write."""

from random import Random
from typing import get_args

import pytest
from transformers import LlamaForCausalLM

from engine import prompts
from engine.prompts import Prompt
from engine.training.curriculum import DRAFTING, PHASES, READING, RETRIEVAL, Format, phase_at
from engine.training.loop import StepPace, train_in_memory
from engine.training.objectives import next_token_loss
from engine.training.plan import Stretch, TrainingPlan
from engine.training.probe import near_samples, written
from engine.training.rows import MixtureRows, RowShape, TrainingBatch
from engine.training.samples import Sampler
from engine.training.weighted_text import ANSWER_WEIGHT, DECISION_WEIGHT, ELSEWHERE_WEIGHT, encode
from engine.world.census import SMALL, world
from engine.world.documents import archive
from engine.world.questions import QUESTION_KINDS, UNKNOWN, QuestionKind, without
from tests import fakes

WORDS = fakes.tokenizer()


def sampler(seed: int = 0) -> Sampler:
    rng = Random(seed)
    return Sampler(archive(rng, world(rng, "train")), rng)


@pytest.mark.parametrize("format_", [name for name in get_args(Format) if name != "reflection"])
@pytest.mark.parametrize("kind", QUESTION_KINDS)
def test_every_kind_can_be_written_in_every_format_with_its_gold_documents(format_: Format, kind: QuestionKind) -> None:
    drawn = sampler()
    question = drawn.ask(kind)
    prompt = drawn.write(format_, question, 4)
    assert prompt.part("question") == f" {question.text}"
    assert prompt.part("answer") == f" {question.answer}"
    assert prompt.part("documents").count("\n[") >= 4
    assert all(text in prompt.text for text in drawn.shown(question, 0))


@pytest.mark.parametrize("kind", QUESTION_KINDS)
def test_reflections_end_and_are_labelled_rightly_even_in_worlds_with_one_revision(kind: QuestionKind) -> None:
    for seed in range(150):
        drawn = sampler(seed)
        question = drawn.ask(kind)
        yes, no = (drawn.reflect(question, supported=supported) for supported in (True, False))
        assert yes.part("verdict") == " Yes" and no.part("verdict") == " No"
        assert (no.part("answer"), no.part("rationale")) != (yes.part("answer"), yes.part("rationale"))


def test_more_documents_than_there_are_shows_what_there_is() -> None:
    drawn = sampler()
    assert len(drawn.shown(drawn.ask("single"), 10_000)) > 10


def test_answers_weigh_most_questions_and_documents_less() -> None:
    drawn = sampler()
    prompt = drawn.write("draft", drawn.ask("single"), 1)
    text = encode(WORDS, prompt)
    heavy = WORDS.decode([i for i, w in zip(text.ids, text.weights, strict=True) if w == ANSWER_WEIGHT])
    assert heavy == prompt.text[prompt.written_from :] + WORDS.eos_token
    light = [i for i, w in zip(text.ids, text.weights, strict=True) if w == ELSEWHERE_WEIGHT]
    assert WORDS.decode(light) == prompt.given


@pytest.mark.parametrize(("format_", "kind"), [("reflection", "single"), ("standard", "claim"), ("draft", "claim")])
def test_the_token_that_judges_weighs_more_than_any_other(format_: Format, kind: QuestionKind) -> None:
    drawn = sampler()
    text = encode(WORDS, drawn.write(format_, drawn.ask(kind), 1))
    judging = WORDS.decode([i for i, w in zip(text.ids, text.weights, strict=True) if w == DECISION_WEIGHT])
    assert judging in (" Yes", " No", " True", " False")


def test_verifier_does_not_learn_to_expect_that_an_answer_is_unknown() -> None:
    drawn = sampler()
    lacking = without(drawn.ask("single"), 0)
    prompt = prompts.reflection(lacking.text, lacking.answer, lacking.rationale, False)
    text = encode(WORDS, prompt)
    unlearned = WORDS.decode([i for i, w in zip(text.ids, text.weights, strict=True) if w == 0.0])
    assert unlearned == f" {UNKNOWN} {lacking.rationale}"


def test_unknown_weighs_as_much_as_true_and_false_where_a_claim_is_asked_about_and_as_a_name_elsewhere() -> None:
    drawn = sampler()
    cases: tuple[tuple[QuestionKind, bool], ...] = (("claim", True), ("single", False))
    for kind, heavy in cases:
        text = encode(WORDS, drawn.withhold("standard", drawn.ask(kind), 2))
        deciding = WORDS.decode([i for i, w in zip(text.ids, text.weights, strict=True) if w == DECISION_WEIGHT])
        assert bool(deciding) is heavy and f" {UNKNOWN}".startswith(deciding) and deciding != f" {UNKNOWN}"


def test_documents_and_the_prose_that_fills_a_row_weigh_what_the_phase_says() -> None:
    drawn = sampler()
    prompt = drawn.write("draft", drawn.ask("single"), 3)
    text = encode(WORDS, prompt, 0.03)
    light = WORDS.decode([i for i, w in zip(text.ids, text.weights, strict=True) if w == 0.03])
    assert light == prompt.part("documents")
    found = MixtureRows(WORDS, (RETRIEVAL._replace(prose=0.0),), seed=3, steps=100).batch(0, RowShape(2, 2048)).weights
    weighs = {round(float(weight), 3) for weight in found.flatten().unique()}
    assert {RETRIEVAL.document_weight, RETRIEVAL.fill_weight} <= weighs <= {0.0, 0.05, 0.1, 0.2, 1.0, 4.0, 15.0}


def test_later_questions_about_the_same_documents_weigh_little_and_their_answers_much() -> None:
    prompt = prompts.standard_rag(["Bal sells salt."], "Where?", "here", more=(("What?", "salt"),))
    text = encode(WORDS, prompt)
    light = WORDS.decode([i for i, w in zip(text.ids, text.weights, strict=True) if w == ELSEWHERE_WEIGHT])
    assert light == prompt.given + " Where?"


def rows(step: int, shape: RowShape) -> TrainingBatch:
    return MixtureRows(WORDS, PHASES, seed=3, steps=100).batch(step, shape)


@pytest.mark.parametrize("step", [0, 50, 99])
def test_mixture_of_a_step_depends_on_seed_and_step_alone_and_fills_its_rows(step: int) -> None:
    shape = RowShape(2, 700)
    assert rows(step, shape).ids.tolist() == rows(step, shape).ids.tolist()
    assert rows(step, shape).ids.tolist() != rows(step + 1, shape).ids.tolist()
    assert rows(step, shape).ids.shape == rows(step, shape).weights.shape == (2, 700)
    assert (rows(step, shape).ids == WORDS.eos_token_id).any()


def test_next_weights_belong_to_the_id_that_is_predicted() -> None:
    batch = rows(0, RowShape(1, 300))
    assert batch.next_weights[0, :-1].tolist() == batch.weights[0, 1:].tolist()
    assert float(batch.next_weights[0, -1]) == 0.0


def test_phases_come_in_order_and_their_weights_are_shares() -> None:
    assert [phase_at(PHASES, share) for share in (0.0, 0.3, 0.5, 0.65, 0.7, 0.99, 1.0)] == [*PHASES, PHASES[-1]]
    for phase in (*PHASES, DRAFTING, READING):
        assert sum(phase.formats.values()) == pytest.approx(1)
        assert sum(phase.kinds.values()) == pytest.approx(1)
    most = [max(phase.n_documents) for phase in PHASES]
    assert most == sorted(most) and most[0] < most[-1]


def test_small_worlds_have_every_kind_of_question() -> None:
    for seed in range(100):
        asked = sampler(seed)
        assert {asked.ask(kind).kind for kind in QUESTION_KINDS} >= {"single", "bridge", "comparison", "claim"}
    assert min(SMALL.values()) >= 3


def test_a_tiny_model_learns_to_say_what_near_neighbours_lack() -> None:
    """On a hundred steps: of texts over names it never saw, what is to be written becomes likelier."""
    phase = RETRIEVAL._replace(prose=0.0, n_documents=(1,), formats={"draft": 1.0}, sizes=SMALL, forms=("notes",))
    model = fakes.model(sharpness=1.0, max_position_embeddings=1024)
    texts = near_samples("draft", "single", 1, "notes", True, 4)
    before = lacking_loss(model, texts)
    plan = TrainingPlan(steps=100, peak_rate=1e-2, stretches=(Stretch(1.0, (RowShape(1, 600),)),), warmup=10)
    mixed = MixtureRows(WORDS, (phase,), seed=3, steps=plan.steps)
    for _ in train_in_memory(model, mixed.batch, lambda b: next_token_loss(model(b.ids).logits, b), plan, StepPace()):
        pass
    model.eval()
    assert lacking_loss(model, texts) < before - 1


def lacking_loss(model: LlamaForCausalLM, texts: list[Prompt]) -> float:
    return sum(float(written(model, WORDS, text)[0].mean()) for text in texts) / len(texts)
