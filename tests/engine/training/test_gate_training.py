"""A gate from collected rows: what it learns, what it refuses, and that nothing of a document is on both sides."""

from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest
import torch

from engine.errors import InputError
from engine.events import Event, GateTrained, GateTrainingStarted, Measured, Warned
from engine.runtime import Cancelled
from engine.sprinter import files
from engine.training import gate_rows
from engine.training.gate_config import GateTrainingConfig
from engine.training.gate_rows import CollectionStart, GateRows
from engine.training.gate_training import GateJob, train_gate

START = CollectionStart("t", "ht", "d", "hd", 8, "made up", 20, 0)
QUICK = GateTrainingConfig(epochs=15, rate=0.05)


def rows(document: int, n: int = 30, *, matched: float | None = None) -> GateRows:
    """Tokens that are accepted where a number of the state is positive, which q tells only in part."""
    rng = torch.Generator().manual_seed(document)
    states = torch.randn(n, 8, generator=rng)
    accepted = (states[:, 0] > 0).float() if matched is None else torch.full((n,), matched)
    q = 0.5 + 0.05 * accepted + 0.4 * torch.rand(n, generator=rng)
    p = torch.where(accepted > 0, q + 0.01, q - 0.3)
    tokens = torch.randint(0, 20, (n,), generator=rng)
    return GateRows(states, torch.randn(n, 8, generator=rng), q, p, accepted, q - q, tokens, torch.full((n,), document))


def collection(path: Path, *, n_documents: int = 20, **changes: object) -> Path:
    folder = gate_rows.begin(path, msgspec.structs.replace(START, **changes))
    for document in range(n_documents):
        folder.write(document, rows(document))
    return path


def trained(path: Path, out: Path, config: GateTrainingConfig = QUICK) -> list[Event]:
    return list(train_gate(GateJob(path, out, config), Flag()))


@pytest.mark.parametrize("changes", [{}, {"hidden": 4}, {"embedding": True}, {"label": "soft"}, {"log_q": False}])
def test_a_gate_learns_what_the_states_tell(tmp_path: Path, changes: dict[str, object]) -> None:
    events = trained(collection(tmp_path / "rows"), tmp_path / "gate", msgspec.structs.replace(QUICK, **changes))
    last = events[-1]
    assert isinstance(last, GateTrained)
    gate, q = last.scores
    assert gate.auc > 0.9
    assert gate.auc >= q.auc
    losses = [event.value for event in events if isinstance(event, Measured) and event.name == "loss"]
    assert len(losses) == QUICK.epochs
    assert losses[-1] < losses[0]
    stored = files.read(tmp_path / "gate")
    assert stored.card is not None
    assert (stored.card.target_hash, stored.card.drafter_hash) == ("ht", "hd")
    assert stored.gate.shape.n_parameters == last.n_parameters
    assert stored.card.confusions[0].rho == pytest.approx(1)
    assert (stored.card.auc_ci, stored.card.reliability) == (gate.auc_ci, gate.reliability)
    assert sum(each.n for each in stored.card.reliability) == stored.card.n_rows


def test_documents_are_split_whole(tmp_path: Path) -> None:
    started = next(
        event for event in trained(collection(tmp_path / "r"), tmp_path / "g") if isinstance(event, GateTrainingStarted)
    )
    assert (started.n_documents, started.n_held_out_documents) == (14, 6)
    assert (started.n_rows, started.n_held_out) == (14 * 30, 6 * 30)


def test_the_same_seed_trains_the_same_gate(tmp_path: Path) -> None:
    path = collection(tmp_path / "rows")
    first, second = (trained(path, tmp_path / name)[-1] for name in "ab")
    assert isinstance(first, GateTrained) and isinstance(second, GateTrained)
    assert first.loss == second.loss


def test_too_few_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a gate needs 200 of 8"):
        trained(collection(tmp_path / "rows", n_documents=4), tmp_path / "gate")


def test_labels_of_one_class_are_refused(tmp_path: Path) -> None:
    folder = gate_rows.begin(tmp_path / "rows", START)
    for document in range(10):
        folder.write(document, rows(document, matched=1.0))
    with pytest.raises(InputError, match="all labels are the same"):
        trained(tmp_path / "rows", tmp_path / "gate")


@pytest.mark.parametrize("column", ["states", "q", "p"])
def test_rows_that_are_not_finite_are_refused(tmp_path: Path, column: str) -> None:
    folder = gate_rows.open_rows(collection(tmp_path / "rows"))
    spoilt = rows(3)
    getattr(spoilt, column)[5] = torch.nan
    folder.write(3, spoilt)
    with pytest.raises(InputError, match="1 of 600 rows hold numbers that are not finite"):
        trained(tmp_path / "rows", tmp_path / "gate")
    assert not (tmp_path / "gate").exists()


def test_a_stop_writes_nothing(tmp_path: Path) -> None:
    flag = Flag()
    flag.set()
    with pytest.raises(Cancelled):
        list(train_gate(GateJob(collection(tmp_path / "rows"), tmp_path / "gate", QUICK), flag))
    assert not (tmp_path / "gate").exists()


def test_a_gate_no_better_than_q_says_so(tmp_path: Path) -> None:
    folder = gate_rows.begin(tmp_path / "rows", START)
    for document in range(20):
        good = rows(document)
        folder.write(document, good._replace(states=torch.ones_like(good.states), q=good.matched * 0.5 + 0.25))
    assert any(isinstance(event, Warned) for event in trained(tmp_path / "rows", tmp_path / "gate"))


def test_a_folder_that_is_no_collection_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no collection"):
        trained(tmp_path, tmp_path / "gate")
