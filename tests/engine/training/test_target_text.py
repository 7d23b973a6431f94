"""What a target writes at once after several beginnings is what it writes after each alone."""

from pathlib import Path

import pytest
import torch

from engine.commands import Load
from engine.session.session import Session
from engine.training.target_text import continued
from tests import fakes

N_NEW = 30
SHAPES: dict[str, tuple[str, dict[str, object]]] = {
    "full": ("qwen2", {}),
    "windows in some layers": ("gemma2", {}),
    "a window in every layer": ("mistral-sliding", {}),
    "a window its modules ignore": ("llama", {"sliding_window": 8}),
}


@pytest.mark.parametrize("name", SHAPES)
def test_greedy_text_equals_recomputation_without_a_cache(name: str, tmp_path: Path) -> None:
    family, changes = SHAPES[name]
    session = Session()
    list(session.do(Load(fakes.save(fakes.model(family, **changes), tmp_path / "target"), "none", runtime="modules")))
    assert session.target is not None
    beginnings = torch.randint(0, fakes.N_ENTRIES, (3, 5), generator=torch.Generator().manual_seed(0))
    found = continued(session.target, beginnings.tolist(), N_NEW)
    expected = beginnings
    with torch.inference_mode():
        for _ in range(N_NEW):
            last = session.target.model(input_ids=expected, use_cache=False).logits[:, -1:]
            expected = torch.cat([expected, last.argmax(-1)], dim=1)
    assert found == expected.tolist()


@pytest.mark.parametrize("name", SHAPES)
def test_beginnings_of_different_lengths_go_on_as_each_alone(name: str, tmp_path: Path) -> None:
    family, changes = SHAPES[name]
    session = Session()
    list(session.do(Load(fakes.save(fakes.model(family, **changes), tmp_path / "target"), "none", runtime="modules")))
    assert session.target is not None
    beginnings = [[5], [9, 2, 7, 11, 4], [1, 2, 3]]
    alone = [continued(session.target, [ids], N_NEW)[0] for ids in beginnings]
    assert continued(session.target, beginnings, N_NEW) == alone
