"""Turns what is chosen at the left into commands: lengths as written, the measurement, and the run on the document."""

from collections.abc import Mapping
from typing import NamedTuple, cast

from app.state import requests
from app.state.requests import NO_DRAFTER, Setup
from app.words.counts import count
from app.words.number_lists import numbers_in
from app.workspaces.longcontext.words import tr
from engine.commands import Load, MeasureLengths, Run
from engine.decoding.tree_widths import read_widths
from engine.documents.page_range import parse_pages
from engine.errors import InputError
from engine.events import AttentionName, Setting, TextPart, TextRead
from engine.methods.plain.config import PlainConfig
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import ChatConfig, GenerationConfig, Request

_EXAMPLE = "512, 2048, 8192"
_LEAST_LENGTH, _LARGEST_LENGTH, _MOST_LENGTHS, _LONGEST_SHOWN, _MOST_NAMED = 2, 10**8, 64, 20, 5


class LengthChoice(NamedTuple):
    """What is chosen. settings: of SpeculativeConfig; text: `builtin` or a path; n_read: tokens that a run reads of it,
    0 for as many as fit."""

    pair: Load
    drafters: tuple[str, ...]
    lengths: str
    text: str
    pages: str
    part: TextPart
    n_read: int
    n_texts: int
    repeats: int
    window: int
    sinks: int
    prefill_chunk: int
    attention: str
    settings: Mapping[str, Setting]

    @property
    def n_new(self) -> int:
        """How many tokens are written."""
        return cast(int, self.settings["max_new_tokens"])


def read_lengths(text: str) -> tuple[int, ...]:
    """Read lengths such as `512, 2048, 8192` or `1k 4k`, ascending. Raises InputError that says what is wrong."""
    numbers = []
    for word, number in numbers_in(text):
        if number is None or not _LEAST_LENGTH <= number <= _LARGEST_LENGTH:
            raise InputError(tr("length {0} is not a number of tokens").format(word[:_LONGEST_SHOWN]), _EXAMPLE)
        numbers.append(number)
    if not numbers:
        raise InputError(tr("there is no length"), _EXAMPLE)
    if len(set(numbers)) > _MOST_LENGTHS:
        raise InputError(tr("more lengths than {0}").format(_MOST_LENGTHS), _EXAMPLE)
    return tuple(sorted(set(numbers)))


def why_no_measurement(choice: LengthChoice) -> str:
    """Why what is chosen cannot be measured; empty where it can."""
    try:
        read_lengths(choice.lengths)
        read_widths(str(choice.settings.get("tree", "")))
        parse_pages(choice.pages)
    except InputError as err:
        return err.message
    return "" if choice.drafters else tr("no drafter is chosen")


def why_no_run(choice: LengthChoice) -> str:
    """Why what is chosen cannot be run; empty where it can."""
    method, _ = _method(choice)
    return requests.why_not(Setup(choice.pair, method, _settings(choice)))


def plan(choice: LengthChoice) -> str:
    """What Measure will do, in a sentence; empty where it cannot."""
    if why_no_measurement(choice):
        return ""
    lengths = read_lengths(choice.lengths)
    named = ", ".join(f"{length:,}" for length in lengths[:_MOST_NAMED])
    more = tr(" and {0} more").format(len(lengths) - _MOST_NAMED) if len(lengths) > _MOST_NAMED else ""
    drafters, repeats = count(len(choice.drafters), "drafter"), count(choice.repeats, "repeat")
    text = tr("{0} and plain decoding write {1} at the lengths {2}{3} in tokens, {4} each, one at a time.")
    return text.format(drafters, count(choice.n_new, "token"), named, more, repeats)


def measurement(choice: LengthChoice) -> MeasureLengths:
    """The command that measures. Raises InputError where it is impossible."""
    pair = choice.pair
    names = GenerationConfig.__struct_fields__
    return MeasureLengths(
        drafters=choice.drafters,
        lengths=read_lengths(choice.lengths),
        text=choice.text,
        pages=choice.pages.strip(),
        part=choice.part,
        n_texts=choice.n_texts,
        gamma=cast(int, choice.settings["gamma"]),
        tree=str(choice.settings.get("tree", "")),
        settings={name: value for name, value in choice.settings.items() if name in names},
        repeats=choice.repeats,
        window=choice.window,
        sinks=choice.sinks,
        prefill_chunk=choice.prefill_chunk,
        attention=cast(AttentionName, choice.attention),
        target=pair.target,
        device=pair.device,
        drafter_device=pair.drafter_device,
        dtype=pair.dtype,
        runtime=pair.runtime,
        quantize=pair.quantize,
    )


def run(choice: LengthChoice, read: TextRead, *, held: bool = False) -> Run:
    """The run on a text as it was read; held: it pauses after its first round."""
    method, _ = _method(choice)
    request = Request("", read.ids)
    return Run(method, _settings(choice), request, paused=held, n_free=1 if held else 0)


def _method(choice: LengthChoice) -> tuple[str, type[ChatConfig]]:
    """The method of a run, and its config."""
    return ("plain", PlainConfig) if choice.pair.drafter == NO_DRAFTER else ("speculative", SpeculativeConfig)


def _settings(choice: LengthChoice) -> dict[str, Setting]:
    """The settings of a run. A document is continued as it is: a chat template would put a question around it."""
    _, config = _method(choice)
    own = {name: value for name, value in choice.settings.items() if name in config.__struct_fields__}
    return {**own, "chat": "off"}
