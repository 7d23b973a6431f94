"""Rules of a generation config on the stand-in of a GPU: rounds are launched one by one and give what a CPU gives."""

from functools import partial

import pytest
import torch

from engine.batch.decoder import BatchDecoder
from engine.batch.drafters import LookupRows, RowsDrafter, SmallModelRows
from engine.batch.sequences import sequences_of
from engine.decoding.clock import clock_for
from engine.decoding.generation import whole
from engine.decoding.generation_rules import NO_RULES, Bias, GenerationRules
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.models.loading import LoadedModel
from tests.fake_cuda import kinds
from tests.fake_cuda.decoding import PROMPT, decoded, on_cpu, repeats, ruled, settings
from tests.fake_cuda.fixture import watch
from tests.fake_cuda.kinds import WARPS, Kind, Place
from tests.fake_cuda.watch import Watch

__all__ = ["watch"]

ONE_GPU, TWO_GPUS = Place("cuda:0", "cuda:0"), Place("cuda:0", "cuda:1")
N_NEW = 9
RULES = GenerationRules(
    repetition_penalty=1.3, no_repeat_ngram=2, prompt_penalty=1.1, no_prompt_ngram=3, min_new_tokens=6,
    suppressed=tuple(range(100, 160)), suppressed_first=(7, 8), bad_words=((5, 9), (33,)),
    biases=(Bias((12,), -4.0), Bias((9, 2), 3.0)), end_ids=(61,),
)  # fmt: skip
PROMPTS = ((5, 9, 2, 5, 9), (7, 8), (11, 12, 13, 11, 12, 13, 11))


@pytest.mark.parametrize("warp", [WARPS[0], WARPS[-1]], ids=["greedy", "sampled"])
@pytest.mark.parametrize("drafter", kinds.drafter_specs())
def test_text_under_rules_is_that_of_the_cpu_with_one_wait_a_round(drafter: str, warp: Warp, watch: Watch) -> None:
    kind = Kind(drafter, warp, "auto", "llama", torch.float32, ONE_GPU)
    made = decoded(kind, watch, n_new=N_NEW, rules=RULES)
    assert not watch.unmarked
    assert not watch.uploads
    assert not watch.faults
    assert sum(made.round_waits.values()) == made.n_rounds
    assert made.ids == on_cpu(kind, n_new=N_NEW, rules=RULES)
    assert made.ids != on_cpu(kind, n_new=N_NEW), "rules that change nothing prove nothing"


@pytest.mark.parametrize("drafter", kinds.drafter_specs())
def test_rounds_under_rules_are_not_captured_and_captured_ones_come_back_without_them(
    drafter: str, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, n_calls = [], []
    with watch.on(), repeats(watch, monkeypatch) as works:
        rt = kinds.run_context(Kind(drafter, WARPS[0], "auto", "llama", torch.bfloat16, ONE_GPU), watch)
        config, gamma = settings(WARPS[0], n_new=N_NEW), 0 if rt.drafter is None else 2
        for rules in (NO_RULES, RULES, NO_RULES):
            rounds, _ = whole(ruled(rt, rules).generate(config, PROMPT, gamma=gamma))
            ids.append([token for one in rounds for token in one.emitted])
            n_calls.append(sum(map(len, works)))
    assert ids[0] == ids[2] != ids[1]
    assert n_calls[0] == n_calls[1]


def test_a_drafter_on_another_device_drafts_without_the_rules(watch: Watch) -> None:
    kind = Kind("small_model", WARPS[0], "auto", "llama", torch.float32, TWO_GPUS)
    made = decoded(kind, watch, n_new=N_NEW, rules=RULES)
    assert not (watch.unmarked or watch.uploads or watch.faults)
    assert made.ids == on_cpu(kind, n_new=N_NEW, rules=RULES)


def rows_of(drafter: str, target: LoadedModel, watch: Watch) -> RowsDrafter | None:
    if drafter == "none":
        return None
    if drafter == "lookup":
        return LookupRows(3, target)
    return SmallModelRows(kinds.loaded(watch, "llama", drafter, torch.bfloat16, noisy=True), target)


@pytest.mark.parametrize("drafter", ["none", "lookup", "cuda:0", "cuda:1"])
def test_a_batch_under_rules_waits_once_a_round(drafter: str, watch: Watch) -> None:
    with watch.on():
        target = kinds.loaded(watch, "llama", "cuda:0", torch.bfloat16)
        new_rules = partial(_rules_after, target)
        decoder = BatchDecoder(
            sequences_of(target), rows_of(drafter, target, watch), warp=WARPS[0], clock=clock_for(target.device),
            rules=new_rules,
        )  # fmt: skip
        watch.clear()
        decoder.prefill(PROMPTS, range(len(PROMPTS)), capacity=40, checkpoint=lambda: None)
        for number, rows in enumerate(([0, 1, 2], [0, 2], [2])):
            decoder.round(dict.fromkeys(rows, 0 if drafter == "none" else 2))
            assert sum(watch.waits.values()) == number + 1
    assert not (watch.unmarked or watch.uploads or watch.faults)


def _rules_after(target: LoadedModel, n_prompt: int) -> RuledText:
    return RuledText(RULES, n_vocabulary=target.n_vocabulary, n_most=n_prompt + 20, device=target.device)
