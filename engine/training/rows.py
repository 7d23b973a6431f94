"""Rows of weighted token ids for training: whole texts after one another; knows nothing of models."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from engine import prompts
from engine.prompts import Prompt, PromptSegment, SegmentName
from engine.training.curriculum import Phase, phase_at
from engine.training.samples import sampler
from engine.world.pages import Form
from engine.world.questions import FALSE, NOT_SAID, TRUE, UNKNOWN, is_claim
from engine.world.story import story

Tell: TypeAlias = Callable[[Random], str]
ANSWER_WEIGHT, ELSEWHERE_WEIGHT, PROSE_WEIGHT = 1.0, 0.2, 0.4
# One token carries the whole judgement: at weight 1 it drowned among the names of a batch and stayed at chance.
DECISION_WEIGHT = 15.0
_DECISIONS, _UNKNOWN = {prompts.YES, prompts.NO, f" {TRUE}", f" {FALSE}"}, f" {UNKNOWN}"
_TOKENS_PER_DOCUMENT: dict[Form, int] = {"notes": 36, "pages": 165, "both": 110}
_MISFITS = 6
_SAMPLES_PER_WORLD = 16
_MOST_SKIPPED = 300
_LONG = 2048


class RowShape(NamedTuple):
    """How a training batch is cut: `n_rows` rows of `length` tokens."""

    n_rows: int
    length: int


class TrainingBatch(NamedTuple):
    """ids: [B, T] int64. weights: [B, T] float32, how much the prediction of each id counts."""

    ids: Tensor
    weights: Tensor

    @property
    def next_weights(self) -> Tensor:
        """[B, T]: the weight of what each position predicts; 0 at the last, whose next id is not there."""
        return functional.pad(self.weights[:, 1:], (0, 1))


class Text(NamedTuple):
    """A text as ids, each with its weight; the last is the end of text."""

    ids: list[int]
    weights: list[float]


class TrainingRows(Protocol):
    """Where batches come from. The batch of a step depends on the seed and the step alone, so that a resumed run sees
    what it would have seen."""

    def batch(self, step: int, shape: RowShape) -> TrainingBatch:
        """The batch of a step."""


def encode(
    tokenizer: PreTrainedTokenizerFast,
    prompt: Prompt,
    document_weight: float = ELSEWHERE_WEIGHT,
    copy_weight: float = ANSWER_WEIGHT,
) -> Text:
    """The prompt's ids; what a model is to write weighs most, its questions and all that is given less."""
    found = tokenizer(prompt.text, return_offsets_mapping=True)
    if not prompt.segments:
        return Text([*found["input_ids"], int(tokenizer.eos_token_id)], [PROSE_WEIGHT] * (len(found["input_ids"]) + 1))
    weights = [_weight(prompt, start, end, document_weight) for start, end in found["offset_mapping"]]
    for place in _copied(prompt, found["offset_mapping"]) if copy_weight > ANSWER_WEIGHT else ():
        weights[place] = max(weights[place], copy_weight)
    return Text([*found["input_ids"], int(tokenizer.eos_token_id)], [*weights, ANSWER_WEIGHT])


def _weight(prompt: Prompt, start: int, end: int, document_weight: float) -> float:
    """The weight of the token of characters [start, end)."""
    segment = next((segment for segment in prompt.segments if segment.start < end <= segment.end), None)
    name = None if segment is None else segment.name
    if end <= prompt.written_from or name == "question":
        return _given(prompt, name, document_weight)
    decides = segment is not None and _decides(prompt, segment, start)
    return DECISION_WEIGHT if decides else ANSWER_WEIGHT


def _copied(prompt: Prompt, offsets: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Places of the tokens that an answer and its last word begin with, where it is said and where a rationale says it,
    or that the evidence does not say it.

    An answer and a word begin with the blank before them, which belongs to their first token or is one of its own."""
    written = [segment for segment in prompt.segments if segment.end > prompt.written_from]
    answers = [segment for segment in written if segment.name == "answer"]
    texts = {prompt.text[one.start : one.end] for one in answers} - _DECISIONS - {_UNKNOWN}
    begun = {(one.start, text) for one in answers if (text := prompt.text[one.start : one.end]) in texts}
    for one in written:
        if one.name == "rationale":
            begun |= {(prompt.text.rfind(text, one.start, one.end), text) for text in texts}
    starts = {start + at for start, text in begun if start >= 0 for at in (1, text.rindex(" ") + 1)}
    lacking = [prompt.text.find(NOT_SAID, one.start, one.end) for one in written if one.name == "rationale"]
    starts |= {start + at for start in lacking if start >= 0 for at in (-1, 0)}
    for place, (start, end) in enumerate(offsets):
        if any(start <= begin < end for begin in starts):
            yield place


def _given(prompt: Prompt, name: SegmentName | None, document_weight: float) -> float:
    """The weight of what is given. A judged "unknown" counts nothing: a verifier that came to expect it would hold it
    for the most probable of all responses."""
    if name in ("documents", "demonstration"):
        return document_weight
    judged = name in ("answer", "rationale") and prompt.part("answer") == _UNKNOWN
    return 0.0 if judged else ELSEWHERE_WEIGHT


def _decides(prompt: Prompt, segment: PromptSegment, start: int) -> bool:
    """Whether the token that starts at a character carries the whole answer; of "unknown" the first alone does."""
    text = prompt.text[segment.start : segment.end]
    begins = start <= segment.start + 1  # the blank before a word belongs to its token or not
    return text in _DECISIONS or (text == _UNKNOWN and begins and is_claim(prompt.part("question")))


class ProseRows:
    """Batches of one kind of prose alone, each row starting at the start of a text."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, tell: Tell = story, *, seed: int) -> None:
        self._tokenizer = tokenizer
        self._tell = tell
        self._seed = seed

    def batch(self, step: int, shape: RowShape) -> TrainingBatch:
        """Texts separated by the end-of-text id."""
        rng = Random(f"{self._seed}/{step}")
        rows = [_prose(self._tokenizer, self._tell, rng, shape.length) for _ in range(shape.n_rows)]
        return stacked(rows)


class MixtureRows:
    """Batches of every format over fresh small worlds of the training split, as the curriculum has them."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, phases: tuple[Phase, ...], *, seed: int, steps: int) -> None:
        self._tokenizer = tokenizer
        self._phases = phases
        self._seed = seed
        self._steps = steps

    def batch(self, step: int, shape: RowShape) -> TrainingBatch:
        """Rows of prose from anywhere in a story, and rows of whole texts whose rest is filled with prose."""
        rng = Random(f"{self._seed}/{step}")
        phase = phase_at(self._phases, step / self._steps)
        texts = self._texts(rng, phase, shape.length)
        rows = [
            _prose(self._tokenizer, story, rng, shape.length, n_skipped=rng.randrange(_MOST_SKIPPED))
            if rng.random() < phase.prose
            else self._row(rng, texts, shape.length, phase.fill_weight)
            for _ in range(shape.n_rows)
        ]
        return stacked(rows)

    def _texts(self, rng: Random, phase: Phase, length: int) -> Iterator[Text]:
        if length >= _LONG:
            phase = phase._replace(n_documents=phase.many)
        while True:
            form = rng.choice(phase.forms)
            most_documents = max(1, length // _TOKENS_PER_DOCUMENT[form] - 1)
            drawn = sampler(rng, phase, "train", form)
            for _ in range(_SAMPLES_PER_WORLD):
                text = drawn.draw(phase, most_documents=most_documents)
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


def _prose(tokenizer: PreTrainedTokenizerFast, tell: Tell, rng: Random, length: int, *, n_skipped: int = 0) -> Text:
    """Texts up to exactly `length` ids after the first `n_skipped`, the last one cut."""
    ids: list[int] = []
    weights: list[float] = []
    while len(ids) < n_skipped + length:
        text = encode(tokenizer, prompts.prose(tell(rng)))
        ids += text.ids
        weights += text.weights
    return Text(ids[n_skipped : n_skipped + length], weights[n_skipped : n_skipped + length])


def stacked(rows: list[Text]) -> TrainingBatch:
    """Rows of equal length as tensors."""
    return TrainingBatch(torch.tensor([row.ids for row in rows]), torch.tensor([row.weights for row in rows]))
