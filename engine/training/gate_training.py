"""Trains a gate on collected rows and measures it on documents that it did not see.

Source: arXiv:2502.04557, section 3 (binary cross-entropy on the drafter's frozen states). The split is by document:
rows of one text tell of each other."""

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from threading import Event as Flag
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from engine.errors import InputError
from engine.events import Event, GateTrained, GateTrainingStarted, Measured, Progressed, Warned
from engine.machine import versions
from engine.runtime import Cancelled
from engine.settings import settings_of
from engine.sprinter import gate_scores
from engine.sprinter.cards import FILE_NAME, GateCard, GateShape
from engine.sprinter.files import as_bytes
from engine.sprinter.gate import Gate, GateWeights, empty_weights, features
from engine.training.disk import refused_by_disk, write_synced
from engine.training.gate_config import GateTrainingConfig
from engine.training.gate_rows import GateRows, RowsFolder, open_rows

FEWEST_ROWS, FEWEST_DOCUMENTS = 200, 8
_DECAY = 1e-4
_COLLECT = "collect more, in the tab Approximate or with draftscope sprinter collect"


class GateJob(NamedTuple):
    """What is to be trained: the folder of rows, the folder of the gate, and the settings."""

    rows: Path
    out: Path
    config: GateTrainingConfig


class _Part(NamedTuple):
    """Some rows as the gate reads them. labels: what it learns; accepted: what the target does, see `gate_scores`."""

    features: Tensor
    labels: Tensor
    accepted: Tensor
    q: Tensor
    documents: Tensor

    @property
    def n_documents(self) -> int:
        """How many texts the rows are of."""
        return int(torch.unique(self.documents).numel())


def train_gate(job: GateJob, cancelled: Flag) -> Iterator[Event]:
    """Yield the start, the losses of every epoch, and last the gate's figures; the gate is written before those.

    Raises InputError for too few rows, rows that are not finite, and labels that are all the same; Cancelled once the
    flag is set, and nothing is written then."""
    folder, config, started = open_rows(job.rows), job.config, time.perf_counter()
    rows = folder.read()
    _refuse_unusable(job.rows, rows)
    shape = GateShape(folder.start.width, config.inputs, config.hidden)
    trained, held_out = _split(rows, shape, folder, config)
    _refuse_one_class(job.rows, trained, held_out)
    yield _started(job, folder, shape, trained, held_out)
    gate, loss = Gate(shape, first_weights(shape, config.seed)), 0.0
    for epoch, (gate, loss) in enumerate(_epochs(gate, trained, config), 1):  # noqa: B020  the last one is kept
        if cancelled.is_set():
            raise Cancelled
        yield Measured("loss", loss, epoch)
        yield Measured("held-out loss", _loss(gate, held_out), epoch)
        yield Progressed("training", epoch, config.epochs, "epochs", time.perf_counter() - started)
    yield from _finish(job, folder, Trained(gate, loss, held_out), started)


def first_weights(shape: GateShape, seed: int) -> GateWeights:
    """The first weights for a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return empty_weights(shape)


class Trained(NamedTuple):
    """A trained gate, its last loss, and the rows that it is measured on."""

    gate: Gate
    loss: float
    held_out: _Part


def _refuse_unusable(path: Path, rows: GateRows) -> None:
    n, n_documents = rows.q.shape[0], int(torch.unique(rows.documents).numel())
    if n < FEWEST_ROWS or n_documents < FEWEST_DOCUMENTS:
        reason = f"{path} holds {n} rows of {n_documents} documents: a gate needs {FEWEST_ROWS} of {FEWEST_DOCUMENTS}"
        raise InputError(reason, _COLLECT)
    finite = torch.isfinite(rows.states).all(-1) & torch.isfinite(rows.embeddings).all(-1)
    finite &= torch.isfinite(rows.q) & torch.isfinite(rows.p)
    if not finite.all():
        reason = f"{path}: {int((~finite).sum())} of {n} rows hold numbers that are not finite"
        raise InputError(reason, "collect again in another folder, with the number format float32 or another drafter")


def _split(rows: GateRows, shape: GateShape, folder: RowsFolder, config: GateTrainingConfig) -> tuple[_Part, _Part]:
    """The rows to learn from and those held out; all rows of a document are on one side."""
    documents = torch.unique(rows.documents).tolist()
    by_hash = sorted(documents, key=lambda document: sha256(f"{config.seed}/{document}".encode()).digest())
    n_held_out = min(len(documents) - 1, max(1, round(config.held_out * len(documents))))
    held_out = torch.isin(rows.documents, torch.tensor(by_hash[:n_held_out]))
    embeddings = rows.embeddings
    read = features(shape, rows.states, rows.q, torch.arange(len(rows.q)), lambda index: embeddings[index])
    labels = {"hard": rows.hard, "soft": rows.soft, "greedy": rows.matched}[config.label]
    accepted = rows.matched if folder.start.greedy else rows.soft
    whole = _Part(read, labels, accepted, rows.q, rows.documents)
    return _Part(*(column[~held_out] for column in whole)), _Part(*(column[held_out] for column in whole))


def _refuse_one_class(path: Path, *parts: _Part) -> None:
    for part in parts:
        for labels, whose in ((part.labels, "labels"), (part.accepted, "answers of the target")):
            least, greatest = float(labels.min()), float(labels.max())
            if least == greatest:
                what = "accepts" if least >= 1 else "rejects" if greatest <= 0 else "treats"
                reason = f"{path}: all {whose} are the same (the target {what} every token alike)"
                raise InputError(
                    reason, "there is nothing to learn: use other prompts, more of them, or another drafter"
                )


def _epochs(gate: Gate, rows: _Part, config: GateTrainingConfig) -> Iterator[tuple[Gate, float]]:
    """The gate and its mean loss after each pass over the rows, with a rate that falls to zero."""
    assert gate.weights is not None
    named = {
        name: value.clone().requires_grad_() for name, value in gate.weights._asdict().items() if value is not None
    }
    optimizer = torch.optim.Adam(named.values(), lr=config.rate, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.epochs)
    generator, n = torch.Generator().manual_seed(config.seed), rows.labels.shape[0]
    for _ in range(config.epochs):
        total = 0.0
        for chosen in torch.split(torch.randperm(n, generator=generator), config.batch):
            optimizer.zero_grad()
            logits = Gate(gate.shape, GateWeights(**named)).logits(rows.features[chosen])
            loss = functional.binary_cross_entropy_with_logits(logits, rows.labels[chosen])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += float(loss.detach()) * len(chosen)
        schedule.step()
        yield (
            Gate(gate.shape, GateWeights(**{name: value.detach().clone() for name, value in named.items()})),
            total / n,
        )


def _loss(gate: Gate, rows: _Part) -> float:
    return float(functional.binary_cross_entropy_with_logits(gate.logits(rows.features), rows.labels))


def _started(job: GateJob, folder: RowsFolder, shape: GateShape, trained: _Part, held_out: _Part) -> Event:
    return GateTrainingStarted(
        folder.start.target, folder.start.drafter, str(job.rows), shape.inputs, job.config.label, shape.width,
        shape.n_parameters, len(trained.labels), trained.n_documents, len(held_out.labels), held_out.n_documents,
        job.config.epochs, 2 if shape.hidden else 1,
    )  # fmt: skip


def _finish(job: GateJob, folder: RowsFolder, trained: Trained, started: float) -> Iterator[Event]:
    """Measure the gate, write it, and say what it is worth."""
    gate, held_out = trained.gate, trained.held_out
    probs = gate.probability(held_out.features).double().numpy()
    accepted, documents = held_out.accepted.double().numpy(), held_out.documents.numpy()
    scores = (
        gate_scores.score("gate", probs, accepted, documents),
        gate_scores.score("q", held_out.q.double().numpy(), accepted, documents),
    )
    confusions = gate_scores.confusions(probs, accepted)
    n_documents = int(trained.held_out.n_documents)
    card = GateCard(
        folder.start.target, folder.start.target_hash, folder.start.drafter, folder.start.drafter_hash,
        gate.shape.inputs, gate.shape.width, gate.shape.hidden, job.config.label, len(probs), n_documents,
        scores[0].auc, scores[1].auc, confusions, versions.now_utc(),
        tuple((name, str(value)) for name, value in settings_of(job.config)), scores[0].auc_ci, scores[0].reliability,
    )  # fmt: skip
    write_gate(job.out, gate, card)
    if scores[0].auc <= scores[1].auc:
        yield Warned(
            f"the drafter's own probability tells as much (AUC {scores[1].auc:.3f}, this gate {scores[0].auc:.3f})",
            "collect more rows, or run with the gate q, which is that probability",
        )
    yield GateTrained(
        str(job.out), folder.start.target, folder.start.drafter, gate.shape.inputs, job.config.label,
        gate.shape.n_parameters, trained.loss, _loss(gate, held_out), scores, confusions,
        time.perf_counter() - started, len(probs), held_out.n_documents,
        float(np.mean((held_out.labels.numpy() >= 0.5) == (accepted >= 0.5))),
    )  # fmt: skip


def write_gate(out: Path, gate: Gate, card: GateCard) -> None:
    """Write a gate's file, at once or not at all. Raises EngineError where the disk refuses."""
    path = out / FILE_NAME
    with refused_by_disk("the gate", out, "train again"):
        out.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        write_synced(partial, as_bytes(gate, card))
        partial.replace(path)
