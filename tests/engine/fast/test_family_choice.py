"""Greedy speculative decoding equals `transformers.generate` token for token, for every family and drafter."""

from itertools import cycle
from pathlib import Path

import pytest
import torch

from engine.commands import Load
from engine.fast.families import why_not
from engine.session.session import Session
from tests import fakes
from tests.engine.session.running import emitted, fates, rounds, run

N_NEW = 24
GAMMAS = (1, 4, 16)
RUNTIMES = [(family, "modules") for family in fakes.FAMILIES] + [
    (family, "fused") for family in fakes.FAMILIES if not why_not(fakes.config(family))
]

EITHER = pytest.mark.parametrize("runtime", ["fused", "modules"])


def reference(target: torch.nn.Module, prompt: str) -> tuple[int, ...]:
    ids = fakes.tokenizer()(prompt, return_tensors="pt")
    made = target.generate(**ids, max_new_tokens=N_NEW, do_sample=False, eos_token_id=None, pad_token_id=0)
    return tuple(made[0, ids["input_ids"].shape[1] :].tolist())


@pytest.mark.parametrize(("family", "runtime"), RUNTIMES)
def test_greedy_text_equals_generate_with_any_drafter_and_any_draft_length(
    family: str, runtime: str, tmp_path: Path
) -> None:
    target = fakes.model(family)
    words = fakes.tokenizer()
    folder = fakes.save(target, tmp_path / "target", words=words)
    related = fakes.save(fakes.noisy_copy(target), tmp_path / "related", words=words)
    untrained = fakes.save(fakes.model(family, seed=7), tmp_path / "untrained", words=words)
    expected = {prompt: reference(target, prompt) for prompt in fakes.PROMPTS[:2]}
    session = Session()
    accepted = 0
    for drafter in (related, untrained, "lookup"):
        list(session.do(Load(folder, drafter, runtime=runtime)))
        for gamma, (prompt, tokens) in zip(GAMMAS, cycle(expected.items()), strict=False):
            events = run(session, prompt, gamma=gamma, max_new_tokens=N_NEW)
            assert emitted(events) == tokens, (drafter, gamma, prompt)
            accepted += fates(events).count("accepted") if drafter == related else 0
    assert accepted > 0


@EITHER
def test_sampling_from_a_padded_pair_works_and_the_longer_vocabulary_may_be_either(
    runtime: str, tmp_path: Path
) -> None:
    words = fakes.tokenizer()
    small, large = fakes.N_ENTRIES, fakes.N_ENTRIES + 28
    narrow = fakes.save(fakes.model("qwen2", sharpness=2.0, n_vocabulary=small), tmp_path / "narrow", words=words)
    wide = fakes.save(fakes.model("qwen2", sharpness=2.0, n_vocabulary=large), tmp_path / "wide", words=words)
    for target, drafter in ((wide, narrow), (narrow, wide)):
        session = Session()
        list(session.do(Load(target, drafter, runtime=runtime)))
        events = run(session, "The harbour", gamma=3, max_new_tokens=60, temperature=1.0)
        assert len(emitted(events)) == 60
        assert max(emitted(events)) < (large if target == wide else small)


@EITHER
def test_drafter_equal_to_the_target_is_always_accepted(runtime: str, tmp_path: Path) -> None:
    folder = fakes.save(fakes.model(sharpness=2.0), tmp_path / "m")
    session = Session()
    list(session.do(Load(folder, folder, runtime=runtime)))
    for temperature in (0.0, 1.0):
        found = fates(run(session, "The harbour", gamma=4, max_new_tokens=60, temperature=temperature))
        assert found.count("rejected") <= (0 if temperature == 0 else 1)
        assert found.count("accepted") >= 45


def test_drafter_with_a_shorter_context_drafts_as_far_as_it_reaches(tmp_path: Path) -> None:
    words = fakes.tokenizer()
    target, short = fakes.model("gpt2"), fakes.model("gpt2", n_positions=32)
    session = Session()
    list(
        session.do(
            Load(fakes.save(target, tmp_path / "t", words=words), fakes.save(short, tmp_path / "d", words=words))
        )
    )
    events = run(session, "The harbour", max_new_tokens=60, gamma=4)
    assert emitted(events)[:N_NEW] == reference(target, "The harbour")
    assert rounds(events)[0].proposed
    assert not rounds(events)[-1].proposed
    assert len(emitted(run(session, "The harbour " * 8, max_new_tokens=9))) == 9
