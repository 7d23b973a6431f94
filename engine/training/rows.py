"""Builds rows of weighted token ids for training, from whole texts placed one after another."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple, Protocol, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from engine import prompts
from engine.prompts import Prompt, PromptSegment, SegmentName
from engine.training.curriculum import LessonPlan, Phase, phase_at
from engine.training.demonstrated import LessonWriter
from engine.training.lessons import LessonBook
from engine.training.samples import sampler
from engine.world.pages import Form
from engine.world.questions import FALSE, NOT_SAID, TRUE, UNKNOWN, is_claim
from engine.world.story import story

TextWriter: TypeAlias = Callable[[Random], str]
ANSWER_WEIGHT, ELSEWHERE_WEIGHT, PROSE_WEIGHT = 1.0, 0.2, 0.4
# One token carries the whole judgement: at weight 1 the names of a batch outweighed it and it stayed at chance.
DECISION_WEIGHT = 15.0
_DECISIONS, _UNKNOWN = {prompts.YES, prompts.NO, f" {TRUE}", f" {FALSE}"}, f" {UNKNOWN}"
_TOKENS_PER_DOCUMENT: dict[Form, int] = {"notes": 36, "pages": 165, "both": 110}
_MISFITS = 6
_SAMPLES_PER_WORLD = 16
_MOST_SKIPPED = 300
_LONG = 2048
_CHARACTERS_A_TOKEN = 3.5


class RowShape(NamedTuple):
    """The shape of a training batch: `n_rows` rows of `length` tokens."""

    n_rows: int
    length: int


class TrainingBatch(NamedTuple):
    """ids: [B, T] int64. weights: [B, T] float32, how much the prediction of each id counts."""

    ids: Tensor
    weights: Tensor

    @property
    def next_weights(self) -> Tensor:
        """[B, T]: the weight of the id that each position predicts; 0 at the last, which has no next id."""
        return functional.pad(self.weights[:, 1:], (0, 1))


class Text(NamedTuple):
    """A text as ids, each with its weight; the last id is the end of text."""

    ids: list[int]
    weights: list[float]


class TrainingRows(Protocol):
    """Where batches come from. The batch of a step depends only on the seed and the step, so that a resumed run sees
    the same batches as an uninterrupted one."""

    def batch(self, step: int, shape: RowShape) -> TrainingBatch:
        """The batch of a step."""


def encode(
    tokenizer: PreTrainedTokenizerFast,
    prompt: Prompt,
    document_weight: float = ELSEWHERE_WEIGHT,
    copy_weight: float = ANSWER_WEIGHT,
) -> Text:
    """The prompt's ids with weights: what a model is to write weighs most, questions and everything given less."""
    encoding = tokenizer(prompt.text, return_offsets_mapping=True)
    if not prompt.segments:
        return Text(
            [*encoding["input_ids"], int(tokenizer.eos_token_id)], [PROSE_WEIGHT] * (len(encoding["input_ids"]) + 1)
        )
    weights = [_weight(prompt, start, end, document_weight) for start, end in encoding["offset_mapping"]]
    for place in _copy_places(prompt, encoding["offset_mapping"]) if copy_weight > ANSWER_WEIGHT else ():
        weights[place] = max(weights[place], copy_weight)
    # A text that breaks off where documents are to be retrieved does not end there.
    end_weight = 0.0 if prompt.text.endswith(prompts.INTERMEDIATE) else ANSWER_WEIGHT
    return Text([*encoding["input_ids"], int(tokenizer.eos_token_id)], [*weights, end_weight])


def _weight(prompt: Prompt, start: int, end: int, document_weight: float) -> float:
    """The weight of the token of characters [start, end)."""
    segment = next((segment for segment in prompt.segments if segment.start < end <= segment.end), None)
    name = None if segment is None else segment.name
    if end <= prompt.written_from or name == "question":
        return _given_weight(prompt, name, document_weight)
    decides = segment is not None and _decides(prompt, segment, start)
    return DECISION_WEIGHT if decides else ANSWER_WEIGHT


def _copy_places(prompt: Prompt, offsets: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Yield the places of the tokens that begin an answer and its last word, in the answer, an intermediate one and in
    the rationale, and of those that begin NOT_SAID in a rationale.

    An answer and a word begin with the blank before them, which belongs to their first token or is a token itself."""
    written = [segment for segment in prompt.segments if segment.end > prompt.written_from]
    answers = [segment for segment in written if segment.name in ("answer", "intermediate")]
    texts = {prompt.text[segment.start : segment.end] for segment in answers} - _DECISIONS - {_UNKNOWN}
    openings = {
        (segment.start, text) for segment in answers if (text := prompt.text[segment.start : segment.end]) in texts
    }
    for segment in written:
        if segment.name == "rationale":
            openings |= {(prompt.text.rfind(text, segment.start, segment.end), text) for text in texts}
    starts = {start + offset for start, text in openings if start >= 0 for offset in (1, text.rindex(" ") + 1)}
    gaps = [
        prompt.text.find(NOT_SAID, segment.start, segment.end) for segment in written if segment.name == "rationale"
    ]
    starts |= {start + offset for start in gaps if start >= 0 for offset in (-1, 0)}
    for place, (start, end) in enumerate(offsets):
        if any(start <= first_character < end for first_character in starts):
            yield place


def _given_weight(prompt: Prompt, name: SegmentName | None, document_weight: float) -> float:
    """The weight of a given token. A judged "unknown" has weight 0: a verifier that learned to expect it would take it
    for the most probable of all responses."""
    if name in ("documents", "demonstration"):
        return document_weight
    judged = name in ("answer", "rationale") and prompt.part("answer") == _UNKNOWN
    return 0.0 if judged else ELSEWHERE_WEIGHT


def _decides(prompt: Prompt, segment: PromptSegment, start: int) -> bool:
    """Whether the token starting at character `start` carries the whole answer; of "unknown" only the first does."""
    text = prompt.text[segment.start : segment.end]
    begins = start <= segment.start + 1  # the blank before a word may or may not belong to its token
    return text in _DECISIONS or (text == _UNKNOWN and begins and is_claim(prompt.part("question")))


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

    def batch(self, step: int, shape: RowShape) -> TrainingBatch:
        """Rows of prose from anywhere in a story, and rows of whole texts filled up with prose."""
        rng = Random(f"{self._seed}/{step}")
        phase = phase_at(self._phases, step / self._steps)
        texts = self._texts(rng, phase, shape.length)
        is_long = shape.length >= _LONG and bool(self._books)
        plan = phase.lessons if is_long else None
        rows = []
        for _ in range(shape.n_rows):
            if rng.random() < phase.prose:
                n_skipped = rng.randrange(_MOST_SKIPPED)
                rows.append(_prose(self._tokenizer, story, rng, shape.length, n_skipped=n_skipped))
            elif plan is not None and rng.random() < plan.share:
                lessons = self._lessons(rng, phase, plan, shape.length)
                rows.append(self._row(rng, lessons, shape.length, phase.fill_weight))
            else:
                rows.append(self._row(rng, texts, shape.length, phase.fill_weight))
        return stacked(rows)

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
    return TrainingBatch(torch.tensor([row.ids for row in rows]), torch.tensor([row.weights for row in rows]))
