"""A text as ids, each with a weight: how much it counts in training that the model predicts it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from transformers import PreTrainedTokenizerFast

from engine import prompts
from engine.prompts import Prompt, PromptSegment, SegmentName
from engine.world.questions import FALSE, NOT_SAID, TRUE, UNKNOWN, is_claim

ANSWER_WEIGHT, ELSEWHERE_WEIGHT, PROSE_WEIGHT = 1.0, 0.2, 0.4
# One token carries the whole judgement: at weight 1 the names of a batch outweighed it and it stayed at chance.
DECISION_WEIGHT = 15.0
_DECISIONS, _UNKNOWN = {prompts.YES, prompts.NO, f" {TRUE}", f" {FALSE}"}, f" {UNKNOWN}"


class Text(NamedTuple):
    """A text as ids, each with its weight; the last id is the end of text. positions: of its ids, rising; None: one
    after another."""

    ids: list[int]
    weights: list[float]
    positions: list[int] | None = None


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


def sentence_ends(tokenizer: PreTrainedTokenizerFast) -> frozenset[int]:
    """The ids that end a sentence, a quotation mark behind it or not."""
    words = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    return frozenset(id_ for id_, word in enumerate(words) if word.rstrip('"').endswith((".", "!", "?")))


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
