"""Collects what a gate learns from: the drafter drafts along texts, and each drafted token is labelled by the target.

Source: arXiv:2502.04557, section 3. Every row belongs to the position that drafted its token, and texts are read one by
one as ids: there is no padding whose state could be taken for it, and nothing is written as text and cut anew."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import NamedTuple

import torch
from torch import Tensor

from engine.decoding import sampling
from engine.decoding.clock import clock_for
from engine.decoding.sampling import Warp
from engine.decoding.speculate import Decoder
from engine.drafters.small_model import SmallModelDrafter, drafter_for
from engine.errors import InputError
from engine.events import Event, GateRowsCollected, Measured, Progressed
from engine.models.hashes import model_hash
from engine.models.loading import LoadedModel, refuse_other_tokenizer
from engine.sprinter.labelling import HardLabelVerifier
from engine.sprinter.prefix_rows import PrefixReader
from engine.training.gate_rows import CollectionStart, GateRows, RowsFolder, collecting

_GAMMA = 4


class GateCollection(NamedTuple):
    """What is to be collected. prompts: as ids, a document each; name: of the set they are from; n_new: tokens a
    document."""

    prompts: Sequence[Sequence[int]]
    name: str
    n_new: int
    warp: Warp
    seed: int
    folder: Path


class _Counts:
    """Sums over the rows so far."""

    def __init__(self) -> None:
        self.n = self.n_documents = 0
        self._hard = self._matched = self._tv = 0.0

    def add(self, rows: GateRows) -> None:
        """Count a document."""
        self.n += rows.q.shape[0]
        self.n_documents += 1
        self._hard += float(rows.hard.sum())
        self._matched += float(rows.matched.sum())
        self._tv += float(rows.tv.sum())

    @property
    def accepted(self) -> float:
        """The share with q <= p."""
        return self._hard / max(1, self.n)

    @property
    def matched(self) -> float:
        """The share that is the target's first choice."""
        return self._matched / max(1, self.n)

    @property
    def tv(self) -> float:
        """Mean total variation."""
        return self._tv / max(1, self.n)


def collect(job: GateCollection, target: LoadedModel, drafter: LoadedModel, cancelled: Flag) -> Iterator[Event]:
    """Yield progress, the rows so far after each newly labelled document, now and then the share of accepted tokens,
    and last what was collected.

    A stop keeps the documents so far, and the same collection goes on with the next one. Raises InputError for a pair
    of two tokenizers, and where no prompt leaves room for a token; InUse where another program collects the same."""
    refuse_other_tokenizer(target, drafter)
    with collecting(job.folder, _start(job, target, drafter)) as folder:
        yield from _collected(job, folder, target, drafter, cancelled)


def _collected(
    job: GateCollection, folder: RowsFolder, target: LoadedModel, drafter: LoadedModel, cancelled: Flag
) -> Iterator[Event]:
    started = time.perf_counter()
    collector, counts = _Collector(job, target, drafter), _Counts()
    n_labelled, n_all = 0, len(job.prompts)
    for document, prompt in enumerate(job.prompts):
        if cancelled.is_set():
            break
        rows = folder.document(document)
        is_new = rows is None
        if rows is None and (rows := collector.rows(document, prompt)) is not None:
            folder.write(document, rows)
        if rows is None:
            continue
        counts.add(rows)
        elapsed_s = time.perf_counter() - started
        n_labelled += is_new
        # Documents of an earlier attempt are only read: they say nothing of how long the others take.
        left_s = elapsed_s / n_labelled * (n_all - document - 1) if n_labelled else None
        yield Progressed("reading", document + 1, n_all, "documents", elapsed_s, left_s)
        if is_new:
            yield Measured("rows", counts.n, counts.n_documents, at_s=elapsed_s)
        if counts.n_documents % 10 == 0:
            yield Measured("accepted", counts.accepted, counts.n_documents, at_s=elapsed_s)
    if not counts.n and not cancelled.is_set():
        raise InputError("no prompt leaves room for a drafted token", "use shorter prompts, or a longer context")
    yield GateRowsCollected(
        str(job.folder), target.spec, drafter.spec, counts.n, counts.n_documents, len(job.prompts), counts.accepted,
        counts.matched, counts.tv, time.perf_counter() - started, complete=not cancelled.is_set(),
    )  # fmt: skip


def _start(job: GateCollection, target: LoadedModel, drafter: LoadedModel) -> CollectionStart:
    return CollectionStart(
        target.spec, model_hash(target.spec), drafter.spec, model_hash(drafter.spec, drafter=True),
        int(drafter.model.get_input_embeddings().weight.shape[-1]), job.name, job.n_new, job.seed,
        job.warp.temperature, job.warp.top_k, job.warp.top_p,
    )  # fmt: skip


class _Collector:
    """Writes texts with a pair and reads the rows off them."""

    def __init__(self, job: GateCollection, target: LoadedModel, drafter: LoadedModel) -> None:
        self._job, self._target, self._drafter = job, target, drafter
        self._reader = PrefixReader(target, drafter, job.warp)
        self._context = min(target.context, drafter.context)
        self._embed = drafter.model.get_input_embeddings()

    def rows(self, document: int, prompt: Sequence[int]) -> GateRows | None:
        """The rows of a document; None where its prompt leaves no room."""
        n_new = min(self._job.n_new, self._context - len(prompt) - 1)
        if n_new < 1 or not prompt:
            return None
        with torch.inference_mode():
            ids = self._written(document, prompt, n_new)
            return self._rows(document, ids, len(prompt))

    def _written(self, document: int, prompt: Sequence[int], n_new: int) -> list[int]:
        own = drafter_for(self._target, self._drafter)
        assert isinstance(own, SmallModelDrafter)
        decoder = Decoder(
            self._target.sequence(), own, warp=self._job.warp, seed=self._job.seed * 1_000_003 + document,
            clock=clock_for(self._target.device), verifier=HardLabelVerifier(),
        )  # fmt: skip
        decoder.prefill(prompt, lambda: None)
        n_all = len(prompt) + n_new
        while len(decoder.ids) < n_all and decoder.ids[-1] not in self._target.stop_ids:
            decoder.round(min(_GAMMA, n_all - len(decoder.ids) - 1))
        return decoder.ids

    def _rows(self, document: int, ids: Sequence[int], first: int) -> GateRows:
        rows, greedy = self._reader.read(ids, first), self._job.warp.greedy
        p, q = (rows.target_p, rows.draft_q) if greedy else (rows.p, rows.q)
        n = p.shape[0]
        tokens = q.argmax(-1) if greedy else sampling.draw(q, self._uniforms(document, n).to(q.device))
        index = tokens.unsqueeze(-1)
        columns = (
            rows.states.float(), self._embed(tokens.to(self._embed.weight.device)).float(), q.gather(-1, index)[:, 0],
            p.gather(-1, index)[:, 0], (p.argmax(-1) == tokens).float(), 1 - torch.minimum(p, q).sum(-1), tokens,
            torch.full((n,), document),
        )  # fmt: skip
        return GateRows(*(column.cpu().clone() for column in columns))

    def _uniforms(self, document: int, n: int) -> Tensor:
        generator = torch.Generator().manual_seed(self._job.seed * 1_000_003 + document)
        return torch.rand(n, generator=generator, dtype=torch.float64)
