"""What cannot decode trees is refused before a run, in words and with the way out."""

from pathlib import Path

import pytest
import torch

from engine.commands import Load
from engine.decoding import tree_masks
from engine.errors import InputError
from engine.events import RunStarted
from engine.models import devices, tree_fit
from engine.session.session import Session
from tests import fakes
from tests.engine.session.running import emitted, run


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    model, folder = fakes.model(sharpness=2.0), tmp_path_factory.mktemp("pair")
    return fakes.save(model, folder / "t"), fakes.save(fakes.noisy_copy(model), folder / "d")


def loaded(target: str, drafter: str, runtime: str = "auto") -> Session:
    session = Session()
    list(session.do(Load(target, drafter, runtime=runtime)))
    return session


def refusal(session: Session, tree: str) -> InputError:
    begun = []
    with pytest.raises(InputError) as refused:
        begun += run(session, "The harbour", tree=tree)
    assert not any(isinstance(event, RunStarted) for event in begun)
    return refused.value


@pytest.mark.parametrize("drafter", ["lookup", "early-exit:1"])
def test_drafters_that_cannot_branch_are_named(pair: tuple[str, str], drafter: str) -> None:
    refused = refusal(loaded(pair[0], drafter), "2,2")
    assert refused.message == f"the drafter {drafter} drafts chains only, no trees"
    assert "leave the tree out to draft chains" in refused.hint


def test_a_drafter_of_another_tokenizer_cannot_branch(pair: tuple[str, str], tmp_path: Path) -> None:
    other = fakes.save(fakes.model(seed=3, n_vocabulary=280), tmp_path / "o", words=fakes.tokenizer(280, seed=5))
    assert "drafts chains only" in refusal(loaded(pair[0], other), "2,2").message


def test_a_tree_without_memory_for_it_is_refused(pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    session = loaded(*pair)
    monkeypatch.setattr(devices, "free_bytes", lambda device: 100_000)
    assert "a tree of 20 nodes needs 0.0 GiB beside the models" in refusal(session, "4,8,8").message


def test_modules_are_tried_before_they_are_trusted(pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    session = loaded(*pair, runtime="modules")
    assert session.target is not None
    assert tree_fit.why_not(session.target) == ""
    own = tree_masks.masks
    monkeypatch.setattr(tree_masks, "masks", lambda *given: torch.zeros_like(own(*given)))
    assert "its modules read a tree otherwise than its paths" in refusal(session, "2,2").message


def test_a_chain_needs_none_of_this(pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    session = loaded(pair[0], "lookup", runtime="modules")
    monkeypatch.setattr(devices, "free_bytes", lambda device: 0)
    assert emitted(run(session, "The harbour", max_new_tokens=5))
