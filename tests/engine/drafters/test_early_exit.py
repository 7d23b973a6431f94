"""Early exit drafts in the target's own cache: exact on every runtime, and nothing of a draft stays in the cache."""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from engine import drafters
from engine.bench import losslessness
from engine.bench.hosted import HostedPair
from engine.commands import Load, Run
from engine.decoding import cached_model
from engine.decoding.cached_model import CachedModel, SequenceModel
from engine.drafters.early_exit import EarlyExitDrafter
from engine.errors import InputError
from engine.fast import families, kv_cache
from engine.fast.model import FusedModel
from engine.fast.weights import fuse
from engine.host.thread_host import ThreadHost
from engine.methods.speculative.config import SpeculativeConfig
from engine.models import checkpoint_folder, loading
from engine.models.kv_size import RuntimeChoice
from engine.models.loading import LoadedModel
from engine.session.session import Session
from engine.settings import Request
from tests import fakes
from tests.engine.session.running import emitted, rounds, run

PROMPT = "The harbour of the old town lay quiet"
FAMILIES = ("llama", "gemma3_text", "mistral-sliding", "qwen3")
CASES = [(name, "modules") for name in FAMILIES] + [
    (name, "fused") for name in FAMILIES if not families.why_not(fakes.config(name))
]


def model(family: str) -> PreTrainedModel:
    own = {"head_dim": 8, "sliding_window": 12, "query_pre_attn_scalar": 8} if family == "gemma3_text" else {}
    return fakes.model(family, sharpness=2.0, num_hidden_layers=4, **own)


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {name: fakes.save(model(name), tmp_path_factory.mktemp(name) / "t") for name in FAMILIES}


def session(spec: str, drafter: str, runtime: str) -> Session:
    made = Session()
    choice: RuntimeChoice = "modules" if runtime == "modules" else "fused"
    list(made.do(Load(spec, drafter, runtime=choice)))
    return made


@pytest.mark.parametrize(("family", "runtime"), CASES)
def test_greedy_text_is_that_of_plain_decoding(specs: dict[str, str], family: str, runtime: str) -> None:
    plain_run = Run("plain", {"max_new_tokens": 60, "stop_at_end": False}, Request(PROMPT))
    plain = emitted(list(session(specs[family], "none", runtime).do(plain_run)))
    for drafter, gamma in (("early-exit:1", 1), ("early-exit:2", 4), ("early-exit:3", 3), ("early-exit", 5)):
        events = run(session(specs[family], drafter, runtime), PROMPT, max_new_tokens=60, gamma=gamma)
        assert emitted(events) == plain
        fates = {token.fate for one in rounds(events) for token in one.proposed}
        assert {"accepted", "rejected"} <= fates or gamma == 1


@pytest.mark.parametrize(("family", "runtime"), [("llama", "fused"), ("gemma3_text", "modules")])
def test_sampled_text_has_the_targets_distribution(specs: dict[str, str], family: str, runtime: str) -> None:
    pair = Load(specs[family], "early-exit:2", runtime="modules" if runtime == "modules" else "fused")
    config = SpeculativeConfig(temperature=1.0, top_k=3, max_new_tokens=4)
    own = session(specs[family], "none", runtime).target
    assert own is not None
    with HostedPair(ThreadHost(new_session=Session), pair, lambda event: None) as hosted:
        *_, verdict = losslessness.check(hosted, own, [own.tokenizer(PROMPT)["input_ids"]], config, n_samples=150)
    assert isinstance(verdict, losslessness.Losslessness)
    assert verdict.greedy_equal
    assert verdict.n_cells > 1
    assert verdict.sampling_p_value > 1e-3


@pytest.mark.parametrize(("family", "runtime"), CASES)
def test_draft_that_is_rolled_back_leaves_the_cache_as_it_was(
    monkeypatch: pytest.MonkeyPatch, family: str, runtime: str
) -> None:
    monkeypatch.setattr(kv_cache, "_FIRST_CAPACITY", 3)
    monkeypatch.setattr(cached_model, "_FIRST_CAPACITY", 3)
    made = model(family)
    ids = torch.randint(0, fakes.N_ENTRIES, (70,), generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        wanted = made(input_ids=ids[None], use_cache=False).logits[0]
        sequence: SequenceModel = CachedModel(made) if runtime == "modules" else FusedModel(fuse(made), context=128)
        first = sequence.first_layers(2)
        for start in range(0, 70, 5):
            first.length = sequence.length
            for token in (7, 8, 9):
                first.forward(torch.tensor([token]))
            first.rollback(3)
            found = sequence.forward(ids[start : start + 5])
            sequence.rollback(2)
            again = sequence.forward(ids[start + 3 : start + 5])
            assert torch.allclose(found, wanted[start : start + 5], rtol=1e-3, atol=1e-3)
            assert torch.allclose(again, wanted[start + 3 : start + 5], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("family", "runtime"), CASES)
def test_first_layers_compute_what_they_compute_within_the_target(family: str, runtime: str) -> None:
    made = model(family)
    ids = torch.tensor([3, 5, 7, 9, 11])
    with torch.inference_mode():
        hidden = made.model(input_ids=ids[None], output_hidden_states=True, use_cache=False).hidden_states[2]
        wanted = made.lm_head(made.model.norm(hidden))[0]
        sequence: SequenceModel = CachedModel(made) if runtime == "modules" else FusedModel(fuse(made), context=128)
        sequence.prefill(ids[:3])
        sequence.rollback(0)
        first = sequence.first_layers(2)
        first.length = sequence.length
        assert torch.allclose(first.forward(ids[3:]), wanted[3:], rtol=1e-3, atol=1e-3)


def test_it_has_no_cache_of_its_own(specs: dict[str, str]) -> None:
    made = session(specs["llama"], "early-exit:2", "fused")
    assert isinstance(made.drafter, EarlyExitDrafter)
    assert made.drafter.cache_bytes() == 0


def test_draft_ends_with_the_context(specs: dict[str, str]) -> None:
    events = run(session(specs["llama"], "early-exit:2", "fused"), PROMPT, max_new_tokens=500, gamma=8)
    assert len(emitted(events)) > 60


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("early-exit:4", "1 to 3 are possible"),
        ("early-exit:0", "a whole number, 1 or more"),
        ("early-exit:many", "must be a whole number"),
        ("early-exit:-1", "must be a whole number"),
    ],
)
def test_impossible_number_of_layers_is_refused(specs: dict[str, str], spec: str, reason: str) -> None:
    *_, target = loading.load(checkpoint_folder.inspect(specs["llama"]), torch.device("cpu"), torch.float32)
    assert isinstance(target, LoadedModel)
    with pytest.raises(InputError, match=reason):
        drafters.build(spec, target, None)


def test_target_whose_layers_cannot_be_told_apart_is_refused(tmp_path: Path) -> None:
    folder = fakes.save(fakes.model("gpt2"), tmp_path / "t")
    *_, target = loading.load(checkpoint_folder.inspect(folder), torch.device("cpu"), torch.float32)
    assert isinstance(target, LoadedModel)
    target.model.extra = torch.nn.ModuleList([torch.nn.Identity(), torch.nn.Identity()])
    with pytest.raises(InputError, match="do not tell which of them are its layers"):
        drafters.build("early-exit:1", target, None)
