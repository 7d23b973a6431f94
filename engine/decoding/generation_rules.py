"""What a model's generation config changes in its logits, as values and in words. * imports neither Qt nor torch."""

from collections.abc import Iterator
from typing import NamedTuple


class GrowingEnd(NamedTuple):
    """After `start` new tokens, the logits of what ends the text grow by this factor a token."""

    start: int
    factor: float


class Bias(NamedTuple):
    """A number that is added to the logit of a sequence's last token where its others stand before it."""

    ids: tuple[int, ...]
    value: float


class GenerationRules(NamedTuple):
    """What is changed in the logits; the defaults change nothing.

    prompt_penalty, no_prompt_ngram: as the two before them, for what stands in the prompt. min_length: prompt included.
    forced_first: the token after a text of one token. forced_last: one of them is the last token of the full length.
    suppressed_first: never the first new token. end_ids: the tokens that end a text."""

    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 0
    prompt_penalty: float = 1.0
    no_prompt_ngram: int = 0
    biases: tuple[Bias, ...] = ()
    bad_words: tuple[tuple[int, ...], ...] = ()
    min_length: int = 0
    min_new_tokens: int = 0
    forced_first: int | None = None
    forced_last: tuple[int, ...] = ()
    growing_end: GrowingEnd | None = None
    suppressed: tuple[int, ...] = ()
    suppressed_first: tuple[int, ...] = ()
    end_ids: tuple[int, ...] = ()

    @property
    def change_nothing(self) -> bool:
        """Whether every text has the same logits with them as without."""
        return self._replace(end_ids=()) == NO_RULES

    def in_words(self) -> tuple[str, ...]:
        """Each rule that changes something, for people."""
        return tuple(_in_words(self))


NO_RULES = GenerationRules()


def _in_words(rules: GenerationRules) -> Iterator[str]:
    if rules.repetition_penalty != 1.0:
        yield f"repetition penalty {rules.repetition_penalty:g}"
    if rules.no_repeat_ngram:
        yield f"no {rules.no_repeat_ngram}-gram twice"
    if rules.prompt_penalty != 1.0:
        yield f"factor {rules.prompt_penalty:g} for tokens of the prompt"
    if rules.no_prompt_ngram:
        yield f"no {rules.no_prompt_ngram}-gram of the prompt"
    if rules.biases:
        yield _counted(len(rules.biases), "biased sequence")
    if rules.bad_words:
        yield _counted(len(rules.bad_words), "bad word")
    if rules.min_new_tokens:
        yield f"at least {_counted(rules.min_new_tokens, 'new token')}"
    if rules.min_length:
        yield f"at least {_counted(rules.min_length, 'token')}, prompt included"
    if rules.forced_first is not None:
        yield f"token {rules.forced_first} forced after a prompt of one token"
    if rules.forced_last:
        yield "end of text forced at the full length"
    if rules.growing_end is not None:
        yield f"end of text more probable after {_counted(rules.growing_end.start, 'token')}"
    if rules.suppressed:
        yield _counted(len(rules.suppressed), "suppressed token")
    if rules.suppressed_first:
        yield f"{_counted(len(rules.suppressed_first), 'token')} suppressed at the beginning"


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
