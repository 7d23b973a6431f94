"""The card of a gate, read without its weights."""

import struct
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from engine.errors import InputError, ModelError
from engine.events import GateConfusion, ReliabilityBin
from engine.sprinter import cards, files
from engine.sprinter.cards import FILE_NAME, builtin_path, read_card


def with_card(folder: Path, card: dict[str, object]) -> Path:
    """A gate's file without tensors."""
    header = msgspec.json.encode({"__metadata__": {cards.CARD: msgspec.json.encode(card).decode()}})
    folder.mkdir(exist_ok=True)
    (folder / FILE_NAME).write_bytes(struct.pack("<Q", len(header)) + header)
    return folder


def own_card() -> dict[str, object]:
    return dict(msgspec.to_builtins(read_card(builtin_path())))


def test_the_card_is_the_one_that_is_read_with_the_weights() -> None:
    assert read_card(builtin_path()) == files.read(builtin_path()).card


def test_reading_a_card_loads_no_torch() -> None:
    code = "import sys; import engine.sprinter.cards; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_no_gate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_card(tmp_path)
    raw = (builtin_path() / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(raw[:200])
    with pytest.raises(ModelError, match="damaged"):
        read_card(tmp_path)


def test_a_card_from_before_reliability_was_kept_is_read(tmp_path: Path) -> None:
    card = {name: value for name, value in own_card().items() if name not in ("auc_ci", "reliability")}
    read = read_card(with_card(tmp_path / "old", card))
    assert (read.auc_ci, read.reliability) == (None, ())
    assert read.confusions == read_card(builtin_path()).confusions


@pytest.mark.parametrize(
    "changes",
    [
        {"auc": 1.5},
        {"confusions": [GateConfusion(0.5, 2.0, -1.0, 0.0, 0.0)]},
        {"confusions": [GateConfusion(7.0, 0.5, 0.5, 0.0, 0.0)]},
        {"reliability": [ReliabilityBin(0.5, 0.5, 0)]},
        {"reliability": [ReliabilityBin(0.5, 1.5, 3)]},
    ],
)
def test_figures_that_are_no_shares_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="no shares"):
        read_card(with_card(tmp_path / "g", own_card() | changes))


def test_the_card_of_a_pair_is_found_as_its_gate_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards.paths, "gates", lambda: tmp_path)
    found = cards.card_of("auto", "builtin", "builtin")
    assert found is not None and found.folder == builtin_path()
    assert cards.card_of("q", "builtin", "builtin") is None
    assert cards.card_of("auto", "builtin", "builtin:small") is None
    with pytest.raises(InputError, match="trained for the drafter"):
        cards.card_of("builtin", "builtin", "builtin:small")
    own = with_card(tmp_path / "own", own_card() | {"auc": 0.75})
    found = cards.card_of("auto", "builtin", "builtin")
    assert found is not None and (found.folder, found.card.auc) == (own, 0.75)
