"""Scores: equal to a slow and obvious implementation, one segment at a time in float64; options and refusals."""

import math
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers import models as token_models
from transformers import PreTrainedTokenizerFast

from engine import prompts
from engine.errors import InputError, ModelError
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.verifying import judge, verdicts, verify
from engine.models import checkpoint_folder, loading
from engine.models.loading import LoadedModel, RuntimeChoice
from engine.rag.encoding import encode
from engine.rag.values import DraftBatch, Lengths, RagDraft, Verification, VerifierScore
from tests import fakes

QUESTION = "When was the feast of Helrise?"
PASSAGES = ["The feast of Helrise was in 1535.", "Bal sells salt."]
BATCH = DraftBatch(1, 0.0, 0.0, 0, 0, 0)


def draft(rationale: str, response: str, words: PreTrainedTokenizerFast) -> RagDraft:
    prompt = encode(prompts.rag_draft(PASSAGES, QUESTION), words)
    return RagDraft(prompt, "", (), rationale, response, math.log(0.5), math.log(0.25), (), "", "", BATCH)


def loaded(spec: str, runtime: RuntimeChoice = "auto") -> LoadedModel:
    *_, made = loading.load(checkpoint_folder.inspect(spec), torch.device("cpu"), torch.float32, runtime)
    assert isinstance(made, LoadedModel)
    return made


@torch.inference_mode()
def segment(model: LoadedModel, before: list[int], ids: list[int]) -> float:
    """log P(ids | before): one forward a token, softmax in float64."""
    total = 0.0
    for token in ids:
        logits = model.model(input_ids=torch.tensor([before]), use_cache=False).logits[0, -1].double()
        total += float(logits.log_softmax(-1)[token])
        before = [*before, token]
    return total


def slow(model: LoadedModel, question: str, response: str, rationale: str) -> tuple[float, float]:
    """log rho_SC and log rho_SR, segment by segment; Yes in every spelling."""
    before: list[int] = []
    found = {"answer": 0.0, "rationale": 0.0, "verdict": 0.0}
    for name, text in prompts.cut(prompts.reflection(question, response, rationale, True)):
        ids = list(model.tokenizer(text, add_special_tokens=False)["input_ids"])
        if name == "verdict":
            spelled = [segment(model, before, list(form)) for form in verdicts(model.tokenizer).yes]
            found[name] = math.log(math.fsum(map(math.exp, spelled)))
        elif name in found:
            found[name] = segment(model, before, ids)
        before += ids
    return found["answer"] + found["rationale"], found["verdict"]


DRAFTS = (("The feast was in 1535.", "1535"), ("Bal sells salt.", "salt"), ("The feast was in 1535.", "in 1535"))


@torch.inference_mode()
def check(model: LoadedModel) -> None:
    made = [draft(*one, model.tokenizer) for one in DRAFTS]
    config = SpeculativeRagConfig()
    scores = verify(QUESTION, made, [PASSAGES] * 3, model, config, serial=7, checkpoint=lambda: None)
    for one, score in zip(made, scores, strict=True):
        contain, reflect = slow(model, QUESTION, one.response, one.rationale)
        judged = judge(one, score, config)
        assert judged.log_self_contain == pytest.approx(contain, abs=1e-4)
        assert judged.log_self_reflect == pytest.approx(reflect, abs=1e-4)
        assert judged.log_draft == pytest.approx(math.log(0.75))
        assert judged.log_score == pytest.approx(math.log(0.75) + contain + reflect, abs=1e-4)
        assert score.verification.serial == 7


@pytest.mark.parametrize("runtime", ["fused", "modules"])
@pytest.mark.parametrize("family", ["llama", "qwen3"])
def test_scores_of_random_models_are_those_of_the_slow_way(tmp_path: Path, family: str, runtime: RuntimeChoice) -> None:
    model = fakes.model(family, sharpness=2.0, max_position_embeddings=512)
    made = loaded(fakes.save(model, tmp_path / "m"), runtime)
    assert len(verdicts(made.tokenizer)[0]) > 1  # its vocabulary has no Yes: several tokens
    check(made)


def test_scores_of_the_built_in_target_are_those_of_the_slow_way() -> None:
    check(loaded("builtin"))


def score(**changes: object) -> VerifierScore:
    prompt = encode(prompts.reflection(QUESTION, "1535", "It was.", True), fakes.tokenizer())
    made = VerifierScore(prompt, -2.0, -6.0, -0.1, -2.5, 2, 6, None, 20, Verification(1, 0.0, 20))
    return made._replace(**changes)


def one() -> RagDraft:
    return draft("It was.", "1535", fakes.tokenizer())


def test_scores_that_decide_are_those_chosen() -> None:
    every = judge(one(), score(), SpeculativeRagConfig())
    assert every.log_score == pytest.approx(every.log_draft - 8.0 - 0.1)
    two = judge(one(), score(), SpeculativeRagConfig(scores="draft+self_reflect"))
    assert two.log_score == pytest.approx(every.log_draft - 0.1)
    assert judge(one(), score(), SpeculativeRagConfig(scores="self_contain")).log_score == pytest.approx(-8.0)


def test_length_normalised_scores_divide_by_tokens() -> None:
    judged = judge(one(), score(), SpeculativeRagConfig(option="per_token"))
    assert judged.log_self_contain == pytest.approx(-1.0)
    assert judged.log_draft == pytest.approx(math.log(0.5 ** (1 / 6) + 0.25 ** (1 / 2)))


def test_verdict_temperature_weighs_yes_against_no() -> None:
    judged = judge(one(), score(), SpeculativeRagConfig(verdict_temperature=2.0))
    assert judged.log_self_reflect == pytest.approx(math.log(1 / (1 + math.exp(-2.4 / 2))))
    assert {o.name: o.value for o in judged.others}["log odds of Yes"] == pytest.approx(2.4)


def test_learned_weights_multiply_the_logarithms() -> None:
    config = SpeculativeRagConfig(
        option="weighted", weight_draft=2.0, weight_self_contain=0.0, weight_self_reflect=10.0
    )
    assert judge(one(), score(), config).log_score == pytest.approx(2 * math.log(0.75) - 1.0)


@torch.inference_mode()
def test_scores_with_documents_are_the_mean_over_the_drafted_tokens() -> None:
    model = loaded("builtin")
    made, config = draft(*DRAFTS[0], model.tokenizer), SpeculativeRagConfig(option="with_documents")
    [found] = verify(QUESTION, [made], [PASSAGES], model, config, serial=1, checkpoint=lambda: None)
    before, total, n = [], 0.0, 0
    for name, text in prompts.cut(prompts.rag_draft(PASSAGES, QUESTION, made.rationale, made.response)):
        ids = list(model.tokenizer(text, add_special_tokens=False)["input_ids"])
        if name in ("rationale", "answer"):
            total, n = total + segment(model, before, ids), n + len(ids)
        before += ids
    assert judge(made, found, config).log_score == pytest.approx(total / n, abs=1e-4)


@torch.inference_mode()
def test_documents_can_stand_where_the_rationale_stands() -> None:
    model = loaded("builtin")
    made, config = draft(*DRAFTS[0], model.tokenizer), SpeculativeRagConfig(option="documents_for_rationale")
    [found] = verify(QUESTION, [made], [PASSAGES], model, config, serial=1, checkpoint=lambda: None)
    assert "## Rationale: [1] The feast of Helrise was in 1535. [2] Bal sells salt.\n" in found.prompt.text
    assert judge(made, found, config).log_self_contain == pytest.approx(found.log_answer)


def test_verdicts_are_found_in_every_spelling_and_none_begins_another() -> None:
    words = fakes.tokenizer()
    forms = verdicts(words)
    for every, spellings in ((forms.yes, {"Yes", "yes", "YES"}), (forms.no, {"No", "no", "NO"})):
        assert {words.decode(ids).strip() for ids in every} <= spellings
        assert {words.decode(ids).startswith(" ") for ids in every} == {True, False}
        assert not any(a != b and a == b[: len(a)] for a in every for b in every)


def test_target_that_cannot_write_yes_is_refused() -> None:
    words = Tokenizer(token_models.WordLevel({"[UNK]": 0, "a": 1, ":": 2, "No": 3}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(ModelError, match=r"the target's tokenizer cannot write 'Yes'.*verify with another target"):
        verdicts(PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]"))


def test_draft_that_does_not_fit_the_target_is_refused(tmp_path: Path) -> None:
    model = loaded(fakes.save(fakes.model(), tmp_path / "m"))
    made = draft("It was so. " * 60, "1535", model.tokenizer)
    with pytest.raises(InputError, match=r"a draft has \d+ tokens with its question, .* reads 128"):
        verify(QUESTION, [made], [PASSAGES], model, SpeculativeRagConfig(), serial=1, checkpoint=lambda: None)


def test_drafts_that_say_the_same_are_read_once() -> None:
    model = loaded("builtin")
    made = [draft(*DRAFTS[0], model.tokenizer) for _ in range(3)]
    with torch.inference_mode():
        three = verify(QUESTION, made, [PASSAGES] * 3, model, SpeculativeRagConfig(), serial=1, checkpoint=lambda: None)
    assert len({(s.log_answer, s.log_yes) for s in three}) == 1
    assert three[0].verification.n_read == three[0].n_read


def test_drafts_held_to_lengths_are_read_by_their_ids_and_each_of_them() -> None:
    model = loaded("builtin")
    made = [draft("a text", "no answer", model.tokenizer)._replace(ids=(5, 6, 7, 8), held_to=Lengths(3, 1))] * 2
    with torch.inference_mode():
        two = verify(QUESTION, made, [PASSAGES] * 2, model, SpeculativeRagConfig(), serial=1, checkpoint=lambda: None)
    ids, (start, end) = two[0].prompt.ids, two[0].prompt.span("rationale")
    assert (ids[start:end], two[0].n_rationale, two[0].n_answer) == ((5, 6, 7), 3, 1)
    n_shared = two[0].prompt.span("answer")[0]
    assert two[0].verification.n_read == 2 * two[0].n_read - n_shared
    assert two[0].log_yes == pytest.approx(two[1].log_yes, abs=1e-4)
