"""The self-test of a verifier: what it counts, what it says of able and unable ones, and that it is made once."""

import math
from pathlib import Path
from threading import Event as Flag

import pytest
import torch

from engine import prompts
from engine.events import Event, Warned
from engine.events.answers import VerifierTested
from engine.methods.speculative_rag import self_test
from engine.methods.speculative_rag.self_test import CASES, judged
from engine.methods.speculative_rag.verifying import verdicts
from engine.models.loading import LoadedModel, RuntimeChoice
from engine.rag.memo import Memo
from engine.rag.values import VerifierTest
from engine.runtime import RunContext
from tests import fakes
from tests.engine.methods.speculative_rag.test_verifying import loaded, segment


@torch.inference_mode()
def told(model: LoadedModel, memo: Memo) -> list[Event]:
    return list(self_test.tested(RunContext(model, None, "none", cancelled=Flag()), memo))


def test_the_built_in_target_can_judge_and_is_tested_once() -> None:
    model, memo = loaded("builtin"), Memo()
    [first], [again] = told(model, memo), told(model, memo)
    assert isinstance(first, VerifierTested) and isinstance(again, VerifierTested)
    assert (first.can_judge, first.n_cases, first.reused) == (True, 10, False)
    assert first.n_right >= 8 and first.mass > 0.9
    assert again.reused and (again.n_right, again.mass) == (first.n_right, first.mass)
    memo.forget_models()
    [anew] = told(model, memo)
    assert isinstance(anew, VerifierTested) and not anew.reused


@pytest.mark.parametrize("runtime", ["fused", "modules"])
@torch.inference_mode()
def test_counts_are_those_of_each_reflection_read_alone(
    tmp_path: Path, runtime: RuntimeChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_test, "CASES", CASES[:2])
    model = loaded(fakes.save(fakes.model(sharpness=2.0, max_position_embeddings=256), tmp_path / "m"), runtime)
    forms, mass, n_right = verdicts(model.tokenizer), 0.0, 0
    for case in CASES[:2]:
        yes = []
        for response in (case.right, case.wrong):
            before = []
            for _, text in prompts.cut(prompts.reflection(case.question, response, case.rationale)):
                before += model.tokenizer(text, add_special_tokens=False)["input_ids"]
            both = [[math.exp(segment(model, before, list(ids))) for ids in every] for every in forms]
            yes.append(sum(both[0]))
            mass += (sum(both[0]) + sum(both[1])) / 4
        n_right += yes[0] > yes[1]
    result = judged(model, lambda: None)
    assert result is not None
    assert result.n_right == n_right
    assert result.mass == pytest.approx(mass, rel=1e-3)


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (VerifierTest(10, 0.0499), "it gives Yes and No together 5.0% of its probability"),
        (VerifierTest(6, 0.9), "it prefers the right response in 6 of 10 test cases, as chance would"),
    ],
)
def test_a_verifier_that_cannot_judge_is_warned_of(
    result: VerifierTest, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_test, "judged", lambda *_: result)
    said, warned = told(loaded("builtin"), Memo())
    assert isinstance(said, VerifierTested) and isinstance(warned, Warned)
    assert not said.can_judge
    assert warned.message == f"builtin cannot judge drafts: {why}"


def test_a_context_too_short_for_the_cases_is_not_tested(tmp_path: Path) -> None:
    assert told(loaded(fakes.save(fakes.model(max_position_embeddings=64), tmp_path / "m")), Memo()) == []


@pytest.mark.parametrize("case", CASES)
def test_the_rationale_of_a_case_says_the_right_response_and_not_the_wrong_one(case: self_test.VerdictCase) -> None:
    assert case.right.removeprefix("the ") in case.rationale
    assert case.wrong.removeprefix("the ") not in case.rationale
