"""Reading branches of a tree: as if each text were read alone, slowly, in float64."""

from pathlib import Path

import pytest
import torch

from engine.decoding.kept_sequence import KeptSequence
from engine.models import checkpoint_folder, loading
from engine.models.loading import LoadedModel, RuntimeChoice
from engine.rag.reading import Branch, n_read, read, read_after
from tests import fakes

BRANCHES = [
    Branch((5, 6, 7), ((8,), (9, 10, 11))),
    Branch((5, 6), ((8, 12), (9,))),
    Branch(tuple(range(20, 45))),
]
PREFIX = tuple(range(100, 117))


def loaded(folder: Path, family: str = "llama", runtime: RuntimeChoice = "auto") -> LoadedModel:
    spec = fakes.save(fakes.model(family, sharpness=3.0), folder)
    *_, made = loading.load(checkpoint_folder.inspect(spec), torch.device("cpu"), torch.float32, runtime)
    assert isinstance(made, LoadedModel)
    return made


@torch.inference_mode()
def slow(model: LoadedModel, before: tuple[int, ...], asked: tuple[int, ...]) -> list[float]:
    """One text at a time through transformers, softmax in float64."""
    logits = model.model(input_ids=torch.tensor([[*before, *asked]]), use_cache=False).logits[0].double()
    log_p = logits.log_softmax(-1)
    return [float(log_p[len(before) + i - 1, token]) for i, token in enumerate(asked)]


@pytest.mark.parametrize("runtime", ["fused", "modules"])
@pytest.mark.parametrize("family", ["llama", "qwen3", "mistral-sliding"])
@torch.inference_mode()
def test_branches_read_together_have_the_probabilities_of_each_read_alone(
    tmp_path: Path, family: str, runtime: RuntimeChoice
) -> None:
    model = loaded(tmp_path / "m", family, runtime)
    assert model.runtime == runtime
    for branch, found in zip(BRANCHES, read(model, PREFIX, BRANCHES, lambda: None), strict=True):
        assert found.trunk == pytest.approx(slow(model, PREFIX, branch.trunk), abs=1e-4)
        endings = [sum(slow(model, PREFIX + branch.trunk, ending)) for ending in branch.endings]
        assert found.endings == pytest.approx(endings, abs=1e-4)


@torch.inference_mode()
def test_lots_that_fill_the_memory_one_by_one_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = loaded(tmp_path / "m")
    together = read(model, PREFIX, BRANCHES, lambda: None)
    monkeypatch.setattr("engine.rag.reading._MOST_BYTES", 1)
    apart = read(model, PREFIX, BRANCHES, lambda: None)
    for one, other in zip(together, apart, strict=True):
        assert one.trunk == pytest.approx(other.trunk, abs=1e-5)
        assert one.endings == pytest.approx(other.endings, abs=1e-5)


@torch.inference_mode()
def test_no_branches_are_not_read(tmp_path: Path) -> None:
    assert read(loaded(tmp_path / "m"), PREFIX, [], lambda: None) == []


def test_what_is_read_is_counted_once() -> None:
    assert n_read(PREFIX, BRANCHES) == 17 + (3 + 2) + (2 + 1) + 25


@torch.inference_mode()
@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_beginnings_are_scored_over_a_cache_that_is_afterwards_as_before(
    tmp_path: Path, runtime: RuntimeChoice
) -> None:
    model = loaded(tmp_path / "m", runtime=runtime)
    kept = KeptSequence(model.sequence())
    kept.follow(PREFIX)
    kept.prefill(torch.tensor(PREFIX[:-1]))
    found = read_after(kept, PREFIX[-1], BRANCHES, lambda: None)
    whole = read(model, PREFIX, BRANCHES, lambda: None)
    assert [one.trunk for one in found] == [pytest.approx(other.trunk, abs=1e-4) for other in whole]
    assert kept.length == len(PREFIX) - 1
