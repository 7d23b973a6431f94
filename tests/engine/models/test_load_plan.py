"""What is held at full context is what was estimated before anything was loaded, within five hundredths."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
import torch
from torch import Tensor

from engine import drafters
from engine.commands import Estimate, Load
from engine.decoding.cached_model import PREFILL_CHUNK
from engine.decoding.drafting import NOTHING, DraftContext
from engine.decoding.sampling import Warp
from engine.errors import InputError
from engine.events import Estimated
from engine.models import checkpoint_folder, devices, load_plan
from engine.models.loading import LoadedModel
from engine.session.session import Session
from tests import fakes

TINY = {
    "llama": ("llama", {}),
    "tied": ("llama", {"tie_word_embeddings": True}),
    "one key head": ("llama", {"num_key_value_heads": 1}),
    "windows": ("mistral-sliding", {}),
    "a window in one layer": ("qwen3", {"sliding_window": 12, "use_sliding_window": True, "max_window_layers": 1}),
    "gemma2": ("gemma2", {}),
    "gemma3": ("gemma3_text", {}),
    "gpt2": ("gpt2", {}),
}
RUNTIMES = ("auto", "modules")


def storages(tensors: Iterable[Tensor]) -> int:
    """Bytes of memory behind tensors, what they share counted once."""
    return sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values())


def weights(loaded: LoadedModel) -> int:
    found = [*loaded.model.parameters(), *loaded.model.buffers()]
    for layer in () if loaded.fused is None else loaded.fused.layers:
        for part in layer:
            # Packed copies count as working memory.
            found += [value for value in part or () if isinstance(value, Tensor) and not value.is_mkldnn]
    return storages(found)


class Held(NamedTuple):
    """Bytes of weights, and of a cache that is full."""

    weights: int
    cache: int


def held(session: Session, share: int) -> tuple[Held, Held]:
    """What target and drafter hold once a text fills their context; share: as if it were so much shorter."""
    assert session.models is not None
    target, model = (one._replace(context=one.context // share) for one in session.models if one is not None)
    drafter = drafters.build(session.drafter_spec, target, model)
    ids = torch.arange(target.context) % fakes.N_ENTRIES
    sequence = target.sequence()
    with torch.inference_mode():
        for chunk in ids[:-8].split(min(PREFILL_CHUNK, target.context // 3)):
            sequence.prefill(chunk)
            drafter.prefill(chunk.tolist(), NOTHING)
        drafter.propose(DraftContext(ids[:-4].tolist(), 3, Warp(), torch.zeros(3, dtype=torch.float64)))
        for token in ids[-8:].split(1):
            sequence.forward(token)
            sequence.rollback(0)
        drafter.commit(ids[:-4].tolist())
    return Held(weights(target), sequence.bytes()), Held(weights(model), drafter.cache_bytes())


def assert_as_estimated(target: str, drafter: str, runtime: str, *, share: int = 1) -> None:
    """share: caches are filled to so small a part of the context, in proportion to which they are estimated."""
    session = Session()
    needed = next(iter(session.do(Estimate(Load(target, drafter, runtime=runtime)))))
    list(session.do(Load(target, drafter, runtime=runtime)))
    assert isinstance(needed, Estimated)
    target_bytes, drafter_bytes = (bytes_.weights + share * bytes_.cache for bytes_ in held(session, share))
    assert target_bytes == pytest.approx(needed.weights_bytes + needed.kv_bytes, rel=0.05)
    assert drafter_bytes == pytest.approx(needed.drafter_bytes, rel=0.05)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", TINY)
def test_memory_of_a_tiny_pair_is_as_estimated(name: str, runtime: str, tmp_path: Path) -> None:
    family, changes = TINY[name]
    spec = fakes.save(fakes.model(family, **changes), tmp_path / "m")
    assert_as_estimated(spec, spec, runtime)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("drafter", ["builtin", "builtin:rag"])
def test_memory_of_a_built_in_pair_is_as_estimated(drafter: str, runtime: str) -> None:
    assert_as_estimated("builtin", drafter, runtime, share=8)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("ours", "theirs"), [(64, 128), (128, 64)])
def test_drafter_is_counted_as_far_as_it_reaches(ours: int, theirs: int, runtime: str, tmp_path: Path) -> None:
    target = fakes.save(fakes.model(max_position_embeddings=ours), tmp_path / "t")
    drafter = fakes.save(fakes.model(max_position_embeddings=theirs), tmp_path / "d")
    (needed,) = Session().do(Estimate(Load(target, drafter, runtime=runtime)))
    assert isinstance(needed, Estimated)
    at_reach = fakes.save(fakes.model(max_position_embeddings=min(ours, theirs)), tmp_path / "r")
    (reach,) = Session().do(Estimate(Load(at_reach, at_reach, runtime=runtime)))
    assert isinstance(reach, Estimated)
    assert needed.drafter_bytes == reach.drafter_bytes


def test_memory_that_torch_holds_ready_for_itself_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (100, 1000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 700)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 450)
    assert devices.free_bytes(torch.device("cuda")) == 350


def planned(folder: Path, free: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> load_plan.LoadPlan:
    """A pair whose target and drafter lie on devices of their own, with so many bytes free."""
    monkeypatch.setattr(devices, "free_bytes", lambda device: free[str(device)])
    target, drafter = (
        fakes.save(fakes.model(max_position_embeddings=4096), folder / name) for name in ("target", "drafter")
    )
    on = torch.device("cpu"), torch.device("meta")
    return load_plan.LoadPlan(
        checkpoint_folder.inspect(target),
        checkpoint_folder.inspect(drafter, drafter=True),
        *on,
        torch.float32,
        torch.float32,
    )


def test_a_drafter_on_a_device_of_its_own_must_fit_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(tmp_path, {"cpu": 10**9, "meta": 10_000}, monkeypatch)
    with pytest.raises(InputError, match=r"the drafter needs .* free on meta"):
        load_plan.refuse_pair(plan, load_plan.estimate_pair(plan))


def test_the_cache_of_a_short_text_must_fit_beside_the_weights_and_that_of_the_context_need_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(tmp_path, {"cpu": 10**9, "meta": 10**9}, monkeypatch)
    needed = load_plan.estimate_pair(plan)
    short = needed.kv_bytes // 4  # 1,024 of 4,096 ids
    load_plan.refuse_pair(
        plan, msgspec.structs.replace(needed, free_bytes=needed.weights_bytes + short + needed.work_bytes)
    )
    with pytest.raises(InputError, match="the models need"):
        enough = needed.weights_bytes + short + needed.work_bytes
        load_plan.refuse_pair(plan, msgspec.structs.replace(needed, free_bytes=enough - 1))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 1.0])
def test_the_context_that_fits_is_half_of_what_is_free_until_all_fits(
    share: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(tmp_path, {"cpu": 10**9, "meta": 10**9}, monkeypatch)
    whole = load_plan.estimate_pair(plan)
    assert whole.fitting_context == whole.context == 4096
    free = whole.weights_bytes + whole.work_bytes + int(share * whole.kv_bytes)
    monkeypatch.setattr(devices, "free_bytes", lambda device: free)
    fitting = load_plan.estimate_pair(plan).fitting_context
    assert fitting == (4096 if share == 1.0 else int(share * 4096) // 2)


def test_no_text_fits_where_the_models_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(tmp_path, {"cpu": 1000, "meta": 1000}, monkeypatch)
    assert load_plan.estimate_pair(plan).fitting_context == 0
