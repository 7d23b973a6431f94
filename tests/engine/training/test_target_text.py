"""What a target writes at once after several beginnings is what it writes after each alone."""

from pathlib import Path

import pytest
import torch

from engine.commands import Load
from engine.session.session import Session
from engine.training.target_text import chat_opening, continued, sampled, up_to_end
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
    assert torch.equal(found, expected)


def test_an_instruct_model_writes_a_question_and_an_answer_after_the_opening_of_its_template(tmp_path: Path) -> None:
    words = fakes.chat_tokenizer()
    session = Session()
    spec = fakes.save(fakes.model(), tmp_path / "harbour-instruct", words=words)
    list(session.do(Load(spec, "none")))
    assert session.target is not None
    opening = chat_opening(session.target)
    assert words.decode(opening) == "<|im_start|>user\n"
    _, text = next(sampled(session.target, [opening], n_tokens=1, n_new=20, at_once=2, seed=0))
    assert tuple(text[: len(opening)]) == opening
    (end,) = session.target.stop_ids
    assert up_to_end([9, end, 9, end, 9], session.target.stop_ids, first=1, n_turns=2) == 4


def test_a_model_without_a_template_has_no_opening(tmp_path: Path) -> None:
    session = Session()
    list(session.do(Load(fakes.save(fakes.model(), tmp_path / "target"), "none")))
    assert session.target is not None and chat_opening(session.target) == ()
