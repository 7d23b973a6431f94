"""Reads a checkpoint's generation config: the rules that are obeyed, and what it asks for besides, in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import NamedTuple, TypeVar

import msgspec
from transformers import GenerationConfig

from engine.decoding.generation_rules import NO_RULES, Bias, GenerationRules, GrowingEnd
from engine.errors import ModelError

Value = TypeVar("Value")
_WAY_OUT = "correct or remove it in the model's generation_config.json"
_MOST = 2**53
_SAMPLING = {"temperature": "temperature", "top_k": "top-k", "top_p": "top-p", "min_p": "min-p"}


class ReadGenerationConfig(NamedTuple):
    """rules: what is obeyed. ignored: what is not, in words. sampling: the sampling it recommends, in words."""

    rules: GenerationRules = NO_RULES
    ignored: tuple[str, ...] = ()
    sampling: str = ""


def read(config: GenerationConfig | None, spec: str, end_ids: frozenset[int]) -> ReadGenerationConfig:
    """Read it as `generate` does. end_ids: what ends a text. Raises ModelError where a value makes no sense."""
    if config is None:
        return ReadGenerationConfig()
    values: Mapping[str, object] = config.to_dict()
    rules = _Reader(values, spec).rules()._replace(end_ids=tuple(sorted(end_ids)))
    if not end_ids:
        rules = rules._replace(min_length=0, min_new_tokens=0, growing_end=None)
    return ReadGenerationConfig(rules, tuple(_ignored(values)), _sampling(values))


class _Reader:
    """Reads values that may be missing, of their own types and bounds."""

    def __init__(self, values: Mapping[str, object], spec: str) -> None:
        self._values, self._spec = values, spec

    def rules(self) -> GenerationRules:
        """All rules; what ends a text is left to the caller."""
        least = self._get("min_new_tokens", int, _is_count)
        return GenerationRules(
            repetition_penalty=self._factor("repetition_penalty"),
            no_repeat_ngram=self._count("no_repeat_ngram_size"),
            prompt_penalty=self._factor("encoder_repetition_penalty"),
            no_prompt_ngram=self._count("encoder_no_repeat_ngram_size"),
            biases=tuple(bias for bias in self._biases() if bias.value != -inf),
            bad_words=self._bad_words(),
            min_length=self._count("min_length") if least is None else 0,
            min_new_tokens=least or 0,
            forced_first=self._get("forced_bos_token_id", int, lambda token: token >= 0),
            forced_last=self._ids("forced_eos_token_id"),
            growing_end=self._growing_end(),
            suppressed=self._ids("suppress_tokens"),
            suppressed_first=self._ids("begin_suppress_tokens"),
        )

    def _get(self, name: str, kind: type[Value], allowed: Callable[[Value], bool]) -> Value | None:
        """A value of its type and within its bounds; None where it is missing. Raises ModelError."""
        value = self._values.get(name)
        if value is None:
            return None
        try:
            converted = msgspec.convert(value, kind)
        except (msgspec.ValidationError, OverflowError) as err:
            raise self._wrong(name) from err
        if not allowed(converted):
            raise self._wrong(name)
        return converted

    def _wrong(self, name: str) -> ModelError:
        value = str(self._values[name])[:80]
        return ModelError(f"{self._spec}: its generation config says {name} = {value}", _WAY_OUT)

    def _factor(self, name: str) -> float:
        factor = self._get(name, float, lambda factor: 0 < factor < inf)
        return 1.0 if factor is None else factor

    def _count(self, name: str) -> int:
        return self._get(name, int, _is_count) or 0

    def _ids(self, name: str) -> tuple[int, ...]:
        """One token or several; negative ones, which some checkpoints use as a blank, are left out."""
        value = self._values.get(name)
        ids = [value] if isinstance(value, int) else self._get(name, list[int], lambda _: True) or []
        return tuple(token for token in ids if token >= 0)

    def _bad_words(self) -> tuple[tuple[int, ...], ...]:
        """The bad words, of which what ends a text alone is none, and the sequences that a bias forbids."""
        ends = {(token,) for token in self._ids("eos_token_id")}
        words = map(tuple, self._get("bad_words_ids", list[list[int]], _are_words) or [])
        forbidden = (bias.ids for bias in self._biases() if bias.value == -inf)
        return tuple(dict.fromkeys((*(word for word in words if word not in ends), *forbidden)))

    def _biases(self) -> list[Bias]:
        """The biases, of several for one sequence the last. Raises ModelError."""
        value = self._values.get("sequence_bias")
        if isinstance(value, dict):
            value = [(list(ids), number) for ids, number in value.items()]
        try:
            pairs = msgspec.convert(value or [], list[tuple[list[int], float]])
        except msgspec.ValidationError as err:
            raise self._wrong("sequence_bias") from err
        if not _are_words([ids for ids, _ in pairs]) or not all(number < inf for _, number in pairs):
            raise self._wrong("sequence_bias")
        return [Bias(ids, number) for ids, number in {tuple(ids): number for ids, number in pairs}.items()]

    def _growing_end(self) -> GrowingEnd | None:
        pair = self._get("exponential_decay_length_penalty", tuple[int, float], lambda pair: pair[1] > 0)
        return None if pair is None else GrowingEnd(*pair)


def _is_count(n: int) -> bool:
    return 0 <= n < _MOST


def _are_words(words: Iterable[list[int]]) -> bool:
    return all(word and min(word) >= 0 for word in words)


def _ignored(values: Mapping[str, object]) -> Iterator[str]:
    """What `generate` would do besides, and this program does not."""
    guidance = values.get("guidance_scale")
    if guidance is not None and guidance != 1:
        yield f"classifier-free guidance {guidance}"
    beams = values.get("num_beams")
    if isinstance(beams, int) and beams > 1:
        yield f"beam search with {beams} beams"
    for name, words in (
        ("watermarking_config", "a watermark"),
        ("stop_strings", "stop strings"),
        ("max_time", "a time limit"),
        ("penalty_alpha", "contrastive search"),
        ("dola_layers", "contrast of layers"),
        ("constraints", "constraints"),
        ("force_words_ids", "forced words"),
        ("token_healing", "token healing"),
    ):
        if values.get(name):
            yield words
    if values.get("do_sample"):
        names = ("typical_p", 1), ("top_h", None), ("epsilon_cutoff", 0), ("eta_cutoff", 0)
        for name, neutral in names:
            value = values.get(name)
            if value is not None and value != neutral:
                yield f"{name.replace('_', ' ')} {value}"


def _sampling(values: Mapping[str, object]) -> str:
    """The recommended sampling; empty where it is greedy."""
    if not values.get("do_sample"):
        return ""
    named = [f"{words} {values[name]}" for name, words in _SAMPLING.items() if values.get(name) is not None]
    return ", ".join(named) or "at temperature 1"
