"""Answers one question by IterDRAG: a follow-up question, documents for it, its answer, and so on to the final answer.

Source: arXiv:2410.04343, section 3.3 and appendix H."""

from collections.abc import Generator

from engine.events import Event, ScalingAnswered
from engine.methods.drag.answering import asked
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.calls import TargetCalls
from engine.methods.drag.gathering import demonstrations_for
from engine.methods.iterdrag.config import IterDragConfig
from engine.methods.iterdrag.loop import Loop


def iterdrag(question: str, config: IterDragConfig, context: ScalingContext) -> Generator[Event, None, ScalingAnswered]:
    """Yield the events of an answer, the last of which is returned too. Raises InputError."""
    question = asked(question)
    shown = yield from demonstrations_for(question, config, context, steps=True)
    loop = Loop(question, config, context, shown, TargetCalls(config, context.rt, "iterdrag"))
    return (yield from follow(loop, question, config))


def follow(loop: Loop, question: str, config: IterDragConfig) -> Generator[Event, None, ScalingAnswered]:
    """Yield the iterations of a loop that is at its beginning, and its answer, which is returned too."""
    gathered = yield from loop.gather(question)
    why = ""
    while not why and len(loop.steps) < config.n:
        line = yield from loop.line()
        if line.is_final:
            return (yield from loop.end(line.result, line, gathered.note))
        why = loop.refusal(line.result.text)
        if not why:
            why = yield from loop.answer(line)
    why = why or f"after {config.n} follow-up question{'s' * (config.n > 1)}"
    return (yield from loop.end((yield from loop.final()), None, f"{why}: the final answer was forced"))
