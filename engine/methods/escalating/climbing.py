"""Asks a question with one preset after another, until the quality of an answer reaches the threshold.

Not from the paper: the popular article's escalation, whose presets are requests that a budget of tokens bounds."""

from collections.abc import Callable, Generator
from typing import NamedTuple

import msgspec

from engine.errors import InputError
from engine.events import (
    Allocation,
    AllocationRouted,
    Event,
    IterationFinished,
    ModelCalled,
    QualityJudged,
    ScalingAnswered,
    Warned,
)
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig, ReadingConfig
from engine.methods.escalating import presets
from engine.methods.escalating.config import EscalatingConfig
from engine.methods.escalating.presets import PRESET_NAMES
from engine.methods.escalating.quality import Judged, Quality, judge
from engine.methods.iterdrag.answering import answered
from engine.methods.iterdrag.config import IterDragConfig


class TakenAnswer(NamedTuple):
    """The answer that was taken, the settings it was asked with, and what its calls wrote."""

    result: ScalingAnswered
    config: DragConfig
    texts: list[str]


class _Asked(NamedTuple):
    """An answer, what its calls wrote, and what it rests on: its intermediate answers, or the best document."""

    result: ScalingAnswered
    texts: list[str]
    rationale: str


def climb(
    question: str, config: EscalatingConfig, context: ScalingContext, bound: Callable[[Allocation], float]
) -> Generator[Event, None, TakenAnswer]:
    """Yield, for each preset, what it was reduced to, its answer and the judgement; returns the last answer.

    bound: the most tokens that a question may take with an allocation. Raises InputError: not even the question
    without documents fits the budget."""
    names = PRESET_NAMES[PRESET_NAMES.index(config.first) :]
    taken: TakenAnswer | None = None
    n_read = 0
    for name in names:
        request = presets.of_preset(name)._replace(route="escalation")
        try:
            routed = presets.within_budget(request, config.budget - n_read, bound)
        except InputError as err:
            if taken is None:
                raise
            yield Warned(f"the budget is spent: {err.message}", "the answer before is taken")
            return taken
        if taken is not None and bound(routed.allocated) <= bound(_cell(taken.config)):
            yield Warned(f"the budget leaves {name} no more than the preset before", "the answer before is taken")
            return taken
        yield routed
        settings = config_of(routed.allocated, config)
        asked = yield from _asked(question, settings, context)
        taken = TakenAnswer(asked.result, settings, asked.texts)
        quality = yield from judge(Judged(question, asked.result, asked.rationale), settings, context, config.quality)
        judged = _judgement(routed, quality, config, is_last=name == names[-1])
        yield judged
        if not judged.escalates:
            return taken
        n_read += asked.result.effective_context + quality.tokens
    raise AssertionError("the last preset does not escalate")


def config_of(cell: Allocation, config: ReadingConfig) -> DragConfig:
    """The settings that answer with an allocation: DRAG's for one iteration, else IterDRAG's."""
    shared = {name: getattr(config, name) for name in ReadingConfig.__struct_fields__}
    theta = msgspec.structs.asdict(cell)
    if cell.n > 1:
        return IterDragConfig(**shared, **theta)
    return DragConfig(**shared, k=cell.k, m=cell.m)


def _cell(config: DragConfig) -> Allocation:
    return Allocation(config.k, config.m, config.iterations)


def _judgement(routed: AllocationRouted, quality: Quality, config: EscalatingConfig, *, is_last: bool) -> QualityJudged:
    """What follows from a score; no answer, or one that cannot be judged, counts as 0."""
    value = quality.value or 0.0
    assert routed.preset is not None
    escalates = value < config.escalate_below and not is_last
    return QualityJudged(routed.preset, config.quality, value, config.escalate_below, escalates, quality.tokens)


def _asked(question: str, config: DragConfig, context: ScalingContext) -> Generator[Event, None, _Asked]:
    """Yield the events of an answer, and return it."""
    steps: list[str] = []
    texts: list[str] = []
    document = ""
    events = answered(question, config, context)
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            return _Asked(end.value, texts, " ".join(steps) or document)
        yield event
        if isinstance(event, ModelCalled):
            texts.append(event.text)
        elif isinstance(event, IterationFinished):
            document = event.documents[-1].text if event.documents else document
            steps += [f"{event.follow_up} {event.intermediate}."] if event.end == "follow_up" else []
