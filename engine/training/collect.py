"""Gathers what a drafter learns from: the user's texts as tokens, then texts that the target writes."""

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerBase

from engine.errors import InputError
from engine.events import Event, Progressed, Warned
from engine.models.loading import LoadedModel
from engine.training import beginnings, target_text, token_store
from engine.training.pausing import Pause
from engine.training.texts import TrainingTexts
from engine.training.token_store import TokenizedDocument

_AT_ONCE, _MOST_BEGINNINGS, _MOST_WRITTEN_TURNS = 32, 4096, 512
_SAMPLE_LENGTH, _SAMPLES_AT_ONCE = 128, 32
_MOST_COUNTED_TOKENS = 200_000
_WARNING_FALLBACK_RATE = 0.05


def source_of(texts: TrainingTexts | None, target: str, *, sample: int, seed: int) -> str:
    """A digest that changes whenever the gathered tokens would change."""
    stamp = (None if texts is None else texts.stamp(), target, sample, seed if sample else 0)
    return hashlib.blake2b(repr(stamp).encode(), digest_size=16).hexdigest()


def gather(
    folder: Path, texts: TrainingTexts | None, target: LoadedModel, *, sample: int, seed: int, pause: Pause
) -> Iterator[Event]:
    """Fill the token store in `folder`, unless it already holds these tokens; yields progress and warnings.

    sample: how many tokens the target is to write. pause: called after every document and every forward; may raise.
    Raises InputError if the texts hold no token."""
    source = source_of(texts, target.spec, sample=sample, seed=seed)
    if token_store.written_from(folder) == source:
        return
    gatherer = _Gatherer(texts, target, pause)
    documents = gatherer.documents(sample=sample, seed=seed)
    n_tokens = 0
    yield gatherer.progress(0, sample)
    for n_tokens in token_store.write(folder, documents, source=source):
        pause()
        yield gatherer.progress(n_tokens, sample)
    if not n_tokens:
        raise InputError("there is no text in what was given", "name a folder or file with text")
    yield from gatherer.warnings(n_tokens)


class _Gatherer:
    """Reads texts and samples from the target; counts what deserves a warning."""

    def __init__(self, texts: TrainingTexts | None, target: LoadedModel, pause: Pause) -> None:
        self._texts = texts
        self._pause = pause
        self._target = target
        self._beginnings: list[TokenizedDocument] = []
        self._counts: dict[int, int] = {}
        self._n_sampled_from = 0
        self._sampling = False
        self._as_chat = target.asked_template is not None

    def documents(self, *, sample: int, seed: int) -> Iterator[TokenizedDocument]:
        """Yield the user's documents, then what the target writes after their beginnings."""
        yield from self._read()
        self._sampling = True
        if sample:
            yield from self._sample(sample, seed)

    def progress(self, n_tokens: int, sample: int) -> Progressed:
        """How far gathering has come."""
        if self._sampling or self._texts is None:
            return Progressed("sampling", min(sample, n_tokens - self._n_sampled_from), sample, "tokens")
        self._n_sampled_from = n_tokens
        return Progressed("tokenizing", self._texts.n_bytes_read, self._texts.n_bytes, "bytes")

    def _read(self) -> Iterator[TokenizedDocument]:
        tokenizer = self._target.tokenizer
        end = tokenizer.eos_token_id
        texts = iter(()) if self._texts is None else self._texts.documents()
        while batch := list(islice(texts, _AT_ONCE)):
            # What looks like a control token in a text of people is text; some tokenizers write an end themselves.
            for ids in tokenizer(batch, split_special_tokens=True)["input_ids"]:
                is_ended = ids[-1:] == [end]
                document = TokenizedDocument.of(ids if end is None or is_ended else [*ids, int(end)])
                self._remember(document)
                yield document

    def _remember(self, document: TokenizedDocument) -> None:
        if len(self._beginnings) < _MOST_BEGINNINGS and (self._as_chat or len(document.ids) >= beginnings.LONGEST):
            self._beginnings.append(TokenizedDocument(beginnings.of(self._target, document.ids), document.key))
        if sum(self._counts.values()) < _MOST_COUNTED_TOKENS:
            for index, n in zip(*np.unique(document.ids, return_counts=True), strict=True):
                self._counts[int(index)] = self._counts.get(int(index), 0) + int(n)

    def _sample(self, n_tokens: int, seed: int) -> Iterator[TokenizedDocument]:
        starts = self._beginnings or list(self._own_beginnings(n_tokens, seed))
        n_new = min(_SAMPLE_LENGTH, self._target.context - max(len(start.ids) for start in starts))
        texts = target_text.sampled(
            self._target, [start.ids for start in starts], n_tokens=n_tokens, n_new=n_new, at_once=_SAMPLES_AT_ONCE,
            seed=seed, pause=self._pause,
        )  # fmt: skip
        # Texts after one beginning fall in the same split, unless it is the only one.
        is_grouped = bool(self._beginnings) or len(starts) > 1
        for place, ids in texts:
            yield TokenizedDocument(ids, starts[place].key) if is_grouped else TokenizedDocument.of(ids)

    def _own_beginnings(self, n_tokens: int, seed: int) -> Iterator[TokenizedDocument]:
        """Where there is no text to begin with: turns of the user that a chat model writes, else its first token."""
        n_turns = min(_MOST_WRITTEN_TURNS, n_tokens // _SAMPLE_LENGTH + 1)
        turns = (
            beginnings.written_turns(self._target, n_turns, seed=seed, pause=self._pause) if self._as_chat else iter(())
        )
        first = next(turns, None)
        yield TokenizedDocument.of([_first_id(self._target)] if first is None else first)
        yield from map(TokenizedDocument.of, turns)

    def warnings(self, n_tokens: int) -> Iterator[Warned]:
        """Yield warnings about what may make the drafter worse than expected."""
        if self._texts is not None and self._texts.n_skipped_files:
            yield Warned(
                f"files left out, since they are not UTF-8 text: {self._texts.n_skipped_files}", "convert them"
            )
        if self._texts is not None and self._texts.n_skipped_lines:
            yield Warned(f"{self._texts.n_skipped_lines} lines had neither text nor prompt", "see the format in --help")
        if n_tokens >= token_store.MOST_TOKENS:
            yield Warned(f"only the first {token_store.MOST_TOKENS:,} tokens are used", "shuffle the text first")
        rate = fallback_rate(self._target.tokenizer, self._counts)
        if rate >= _WARNING_FALLBACK_RATE:
            message = (
                f"{rate:.0%} of the tokens are pieces of characters: the target's tokenizer handles this text badly"
            )
            yield Warned(message, "use text in the languages of the target")


def fallback_rate(tokenizer: PreTrainedTokenizerBase, counts: dict[int, int]) -> float:
    """Share of tokens that are only part of a character or stand for an unknown one."""
    total = sum(counts.values())
    broken = sum(n for index, n in counts.items() if _is_piece(tokenizer, index))
    return broken / total if total else 0.0


def _is_piece(tokenizer: PreTrainedTokenizerBase, index: int) -> bool:
    token = str(tokenizer.convert_ids_to_tokens(index))
    is_byte = len(token) == 6 and token.startswith("<0x") and token.endswith(">")
    return is_byte or index == tokenizer.unk_token_id or "\ufffd" in tokenizer.decode([index])


def _first_id(target: LoadedModel) -> int:
    for index in (target.tokenizer.bos_token_id, target.tokenizer.eos_token_id, *sorted(target.stop_ids)):
        if index is not None:
            return int(index)
    raise InputError(f"{target.spec} has no token to begin a text with", "give it beginnings with --data")
