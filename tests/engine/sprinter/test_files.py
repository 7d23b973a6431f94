"""A gate's file: read back as written, refused for other pairs and where it is damaged."""

import struct
from pathlib import Path

import msgspec
import pytest
import torch

from engine.commands import Load
from engine.errors import EngineError, InputError, ModelError
from engine.models.loading import Pair
from engine.session.session import Session
from engine.sprinter import cards, files
from engine.sprinter.cards import GateShape
from engine.sprinter.gate import Gate, empty_weights
from tests import fakes
from tests.engine.sprinter import gates


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    session = Session()
    drafter = fakes.save(fakes.model(seed=1), folder / "d")
    list(session.do(Load(fakes.save(fakes.model(), folder / "t"), drafter, runtime="fused")))
    assert session.models is not None
    return session.models


def written(folder: Path, pair: Pair, **changes: object) -> Path:
    assert pair.drafter is not None
    gate = gates.linear()
    card = msgspec.structs.replace(gates.card(gate, pair.target, pair.drafter), **changes)
    folder.mkdir(exist_ok=True)
    (folder / cards.FILE_NAME).write_bytes(files.as_bytes(gate, card))
    return folder


def opened(name: str, pair: Pair) -> files.StoredGate:
    assert pair.drafter is not None
    return files.open_gate(name, pair.target, pair.drafter)


@pytest.mark.parametrize("hidden", [0, 4])
def test_a_gate_is_read_as_it_was_written(pair: Pair, tmp_path: Path, hidden: int) -> None:
    assert pair.drafter is not None
    shape = GateShape(32, ("hidden", "log_q"), hidden)
    gate = Gate(shape, empty_weights(shape))
    (tmp_path / cards.FILE_NAME).write_bytes(files.as_bytes(gate, gates.card(gate, pair.target, pair.drafter)))
    read = opened(str(tmp_path), pair)
    assert read.gate.shape == shape
    assert read.gate.weights is not None and gate.weights is not None
    for own, other in zip(read.gate.weights, gate.weights, strict=True):
        assert (own is None) == (other is None)
        assert own is None or other is None or torch.equal(own, other)


@pytest.mark.parametrize(
    "changes", [{"target_hash": "x"}, {"drafter_hash": "x"}, {"drafter": "other", "drafter_hash": ""}]
)
def test_a_gate_of_another_pair_is_refused_with_the_command_that_trains_one(
    pair: Pair, tmp_path: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(InputError, match="trained for the") as caught:
        opened(str(written(tmp_path / "g", pair, **changes)), pair)
    assert "retrain: draftscope sprinter train" in caught.value.hint


def test_auto_takes_a_gate_of_the_pair_and_else_the_drafters_own_probability(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards.paths, "gates", lambda: tmp_path)
    assert opened("auto", pair).card is None
    written(tmp_path / "strange", pair, target_hash="x")
    assert opened("auto", pair).card is None
    written(tmp_path / "own", pair)
    assert opened("auto", pair).card is not None


@pytest.mark.parametrize("changes", [{"inputs": ()}, {"confusions": ()}, {"confusions": gates.CONFUSIONS[::-1]}])
def test_a_card_that_cannot_be_is_refused(pair: Pair, tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        opened(str(written(tmp_path / "g", pair, **changes)), pair)


def damaged(raw: bytes) -> list[bytes]:
    length = int.from_bytes(raw[:8], "little")
    return [b"", raw[:40], raw[:-4], struct.pack("<Q", 1 << 60) + raw[8:], raw[:8] + b"[" * length + raw[8 + length :]]


def test_damaged_files_are_refused_in_one_line(pair: Pair, tmp_path: Path) -> None:
    raw = (written(tmp_path / "whole", pair) / cards.FILE_NAME).read_bytes()
    for i, content in enumerate(damaged(raw)):
        (tmp_path / str(i)).mkdir()
        (tmp_path / str(i) / cards.FILE_NAME).write_bytes(content)
        with pytest.raises(EngineError) as caught:
            files.read(tmp_path / str(i))
        assert "\n" not in str(caught.value)


def test_numbers_that_are_not_finite_are_refused(pair: Pair, tmp_path: Path) -> None:
    assert pair.drafter is not None
    gate = gates.linear(bias=float("nan"))
    (tmp_path / cards.FILE_NAME).write_bytes(files.as_bytes(gate, gates.card(gate, pair.target, pair.drafter)))
    with pytest.raises(ModelError, match="not finite"):
        opened(str(tmp_path), pair)


def test_a_folder_without_a_gate_is_refused(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no gate"):
        opened(str(tmp_path / "missing"), pair)
