"""The popular variant of IterDRAG: all sub-questions are written first, answered apart, and their answers put together.

It is not the paper's procedure: no sub-question knows an answer, so that one which needs it cannot be asked."""

from collections.abc import Generator

from engine.events import Event, ScalingAnswered
from engine.methods.drag.answering import asked
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.calls import TargetCalls
from engine.methods.drag.gathering import demonstrations_for
from engine.methods.iterdrag.config import IterDragConfig
from engine.methods.iterdrag.loop import Loop


def popular(question: str, config: IterDragConfig, context: ScalingContext) -> Generator[Event, None, ScalingAnswered]:
    """Yield the events of an answer, the last of which is returned too. Raises InputError."""
    question = asked(question)
    shown = yield from demonstrations_for(question, config, context, steps=True)
    loop = Loop(question, config, context, shown, TargetCalls(config, context.rt, "iterdrag_popular"))
    return (yield from decomposed(loop, question, config))


def decomposed(loop: Loop, question: str, config: IterDragConfig) -> Generator[Event, None, ScalingAnswered]:
    """Yield at most n sub-questions, the answer to each, and the answer, which is returned too."""
    yield from loop.gather(question)
    follow_ups = yield from loop.decompose(config.n)
    for follow_up in follow_ups:
        yield from loop.answer_apart(follow_up)
    were = "sub-question was" if len(follow_ups) == 1 else "sub-questions were"
    why = f"{len(follow_ups)} {were} answered apart: the final answer was forced"
    return (yield from loop.end((yield from loop.final()), None, why))
