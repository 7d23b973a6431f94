"""Builds rows of weighted token ids for training, from whole texts placed one after another."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from engine import prompts
from engine.training import shapes
from engine.training.curriculum import FarPlan, LessonPlan, Phase, phase_at
from engine.training.demonstrated import LessonWriter
from engine.training.far_text import far_row
from engine.training.lessons import LessonBook
from engine.training.samples import sampler
from engine.training.weighted_text import Text, encode, sentence_ends
from engine.world.pages import Form
from engine.world.story import story

TextWriter: TypeAlias = Callable[[Random], str]
_TOKENS_PER_DOCUMENT: dict[Form, int] = {"notes": 36, "pages": 165, "both": 110}
_MISFITS = 6
_SAMPLES_PER_WORLD = 16
_MOST_SKIPPED = 300
_LONG = 2048
_CHARACTERS_A_TOKEN = 3.5
_BEGINNING_LENGTHS = (24, 40, 60, 90)


class RowShape(NamedTuple):
    """The shape of a training batch: `n_rows` rows of `length` tokens."""

    n_rows: int
    length: int


class TrainingBatch(NamedTuple):
    """ids: [B, T] int64. weights: [B, T] float32, how much the prediction of each id counts. positions: [B, T] int64,
    rising in each row; None: 0 to T - 1. beginnings: [N, S] int64, the first ids of stories that the model
    has to continue; None: there are none."""

    ids: Tensor
    weights: Tensor
    positions: Tensor | None = None
    beginnings: Tensor | None = None

    def rows(self, first: int, last: int) -> "TrainingBatch":
        """The rows [first, last), with their share of the beginnings."""
        positions = None if self.positions is None else self.positions[first:last]
        beginnings = None
        if self.beginnings is not None:
            n, n_rows = len(self.beginnings), len(self.ids)
            beginnings = self.beginnings[first * n // n_rows : last * n // n_rows]
        return TrainingBatch(self.ids[first:last], self.weights[first:last], positions, beginnings)

    @property
    def next_weights(self) -> Tensor:
        """[B, T]: the weight of the id that each position predicts; 0 at the last, which has no next id."""
        return functional.pad(self.weights[:, 1:], (0, 1))


class TrainingRows(Protocol):
    """Where batches come from. The batch of a step depends only on the seed and the step, so that a resumed run sees
    the same batches as an uninterrupted one."""

    def batch(self, step: int, shape: RowShape) -> TrainingBatch:
        """The batch of a step."""


class ProseRows:
    """Batches of one kind of prose only; each row starts with the start of a text."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, write_text: TextWriter = story, *, seed: int) -> None:
        self._tokenizer = tokenizer
        self._write_text = write_text
        self._seed = seed

    def batch(self, step: int, shape: RowShape) -> TrainingBatch:
        """Texts separated by the end-of-text id."""
        rng = Random(f"{self._seed}/{step}")
        rows = [_prose(self._tokenizer, self._write_text, rng, shape.length) for _ in range(shape.n_rows)]
        return stacked(rows)


class MixtureRows:
    """Batches of every format over fresh worlds of the training split, as the phases of the curriculum prescribe."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, phases: tuple[Phase, ...], *, seed: int, steps: int,
        books: Sequence[LessonBook] = (),
    ) -> None:  # fmt: skip
        """books: the lessons of phases that have some."""
        self._books = books
        self._tokenizer = tokenizer
        self._phases = phases
        self._seed = seed
        self._steps = steps
        self._sentence_ends = sentence_ends(tokenizer)

    def batch(self, step: int, shape: RowShape) -> TrainingBatch:
        """Rows of prose from anywhere in a story, and rows of whole texts filled up with prose."""
        rng = Random(f"{self._seed}/{step}")
        phase = phase_at(self._phases, step / self._steps)
        texts = self._texts(rng, phase, shape.length)
        is_long = shape.length >= _LONG and bool(self._books)
        plan = phase.lessons if is_long else None
        rows = []
        for _ in range(shape.n_rows):
            if phase.far is not None and _is_far(rng, phase.far, shape.length):
                rows.append(far_row(rng, self._tokenizer, phase.far, shape.length))
            elif rng.random() < phase.prose:
                n_skipped = rng.randrange(_MOST_SKIPPED)
                prose = _prose(self._tokenizer, story, rng, shape.length, n_skipped=n_skipped)
                rows.append(self._openings_weighted(prose, phase.opening_weight))
            elif plan is not None and rng.random() < plan.share:
                lessons = self._lessons(rng, phase, plan, shape.length)
                rows.append(self._row(rng, lessons, shape.length, phase.fill_weight))
            else:
                rows.append(self._row(rng, texts, shape.length, phase.fill_weight))
        batch = stacked(rows)
        return batch._replace(beginnings=self._beginnings(rng, phase.n_beginnings)) if phase.n_beginnings else batch

    def _beginnings(self, rng: Random, n: int) -> Tensor:
        """[n, S]: the first ids of n stories."""
        length = rng.choice(_BEGINNING_LENGTHS)
        return torch.tensor([_prose(self._tokenizer, story, rng, length).ids for _ in range(n)])

    def _openings_weighted(self, prose: Text, factor: float) -> Text:
        """The text, the two ids after the end of each sentence counting `factor` times as much."""
        is_end = [False, False, *(id_ in self._sentence_ends for id_ in prose.ids)]
        weights = [weight * (factor if is_end[i] or is_end[i + 1] else 1.0) for i, weight in enumerate(prose.weights)]
        return prose._replace(weights=weights)

    def _lessons(self, rng: Random, phase: Phase, plan: LessonPlan, length: int) -> Iterator[Text]:
        """Lessons that fit into a row: of one world, demonstrated by another one."""
        asked, shown = rng.sample(self._books, 2)
        writer = LessonWriter(asked, shown, plan, rng)
        while True:
            prompt = writer.draw(int(_CHARACTERS_A_TOKEN * length))
            yield encode(self._tokenizer, prompt, phase.document_weight, phase.copy_weight)

    def _texts(self, rng: Random, phase: Phase, length: int) -> Iterator[Text]:
        if length >= _LONG:
            phase = phase._replace(n_documents=phase.many)
        while True:
            form = rng.choice(phase.forms)
            most_documents = max(1, length // _TOKENS_PER_DOCUMENT[form] - 1)
            text_sampler = sampler(rng, phase, "train", form)
            for _ in range(_SAMPLES_PER_WORLD):
                text = text_sampler.draw(phase, most_documents=most_documents)
                yield encode(self._tokenizer, text, phase.document_weight, phase.copy_weight)

    def _row(self, rng: Random, texts: Iterator[Text], length: int, fill_weight: float) -> Text:
        ids: list[int] = []
        weights: list[float] = []
        misfits = 0
        while misfits < _MISFITS:
            text = next(texts)
            if len(ids) + len(text.ids) > length:
                misfits += 1
                continue
            ids += text.ids
            weights += text.weights
        n_left = length - len(ids)
        rest = _prose(self._tokenizer, story, rng, n_left)
        return Text(ids + rest.ids, weights + [fill_weight] * n_left)


def _prose(
    tokenizer: PreTrainedTokenizerFast, write_text: TextWriter, rng: Random, length: int, *, n_skipped: int = 0
) -> Text:
    """Exactly `length` ids of texts, after the first `n_skipped` ids; the last text is cut."""
    ids: list[int] = []
    weights: list[float] = []
    while len(ids) < n_skipped + length:
        text = encode(tokenizer, prompts.prose(write_text(rng)))
        ids += text.ids
        weights += text.weights
    return Text(ids[n_skipped : n_skipped + length], weights[n_skipped : n_skipped + length])


def stacked(rows: list[Text]) -> TrainingBatch:
    """Rows of equal length as tensors."""
    positions = None
    if any(row.positions for row in rows):
        positions = torch.tensor([row.positions or list(range(len(row.ids))) for row in rows])
    ids, weights = (torch.tensor(values) for values in ([row.ids for row in rows], [row.weights for row in rows]))
    return TrainingBatch(ids, weights, positions)


def _is_far(rng: Random, plan: FarPlan, length: int) -> bool:
    """Draw whether a row is to hold a long text."""
    return length >= shapes.CONTEXT or (length >= _LONG and rng.random() < plan.share)
