"""Simulated chains: τ from what agrees at each lag is the τ of real drafting."""

from threading import Event as Flag

import pytest
import torch

from engine.decoding.generation import whole
from engine.drafters.longspec import drafter_over
from engine.models.loading import LoadedModel
from engine.runtime import RunContext
from engine.settings import GenerationConfig
from engine.training import draft_agreement
from engine.training.draft_agreement import TextAgreement, agreements
from engine.training.target_text import continued
from tests import longspec
from tests.fake_cuda.kinds import loaded

GAMMA = 3


@pytest.fixture(scope="module")
def target() -> LoadedModel:
    return loaded(None, "llama", "cpu", torch.float32)


def test_rounds_count_what_is_accepted_at_growing_lags() -> None:
    text = TextAgreement(5, ((True, False, True, True, True), (True, True, True, False, True)))
    # The first draft is accepted whole (its second token stands at the second position), then one token, then the rest.
    assert text.tau() == 5 / 2
    assert TextAgreement(5, ((False,) * 4,)).tau() == 1.0
    assert TextAgreement(5, ((True,) * 4,)).tau() == 2.0
    assert draft_agreement.alpha([text, text], 1) == 0.8
    assert draft_agreement.alpha([], 1) == 0.0


def test_tau_is_that_of_drafting(target: LoadedModel) -> None:
    block = longspec.block_for(target.model)
    prompt = [3, 7, 2, 9, 4]
    text = continued(target, [prompt], 40)[0]
    (simulated,) = agreements([block], target, text, n_before=len(prompt), lags=GAMMA)
    config = GenerationConfig(max_new_tokens=40, stop_at_end=False)
    runtime = RunContext(target, drafter_over(block, target), "", cancelled=Flag())
    with torch.inference_mode():
        rounds, generation = whole(runtime.generate(config, prompt, gamma=GAMMA))
    assert list(generation.ids) == text[len(prompt) :]
    assert simulated.tau() == pytest.approx(40 / len(rounds))
