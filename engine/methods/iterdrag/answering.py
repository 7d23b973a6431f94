"""Answers one question by DRAG or IterDRAG, whichever its settings are for; sweeps and evaluations call this."""

from collections.abc import Generator

from engine.events import Event, ScalingAnswered
from engine.methods.drag.answering import drag
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig
from engine.methods.iterdrag.config import IterDragConfig
from engine.methods.iterdrag.iterating import iterdrag
from engine.methods.iterdrag.popular import popular


def answered(question: str, config: DragConfig, context: ScalingContext) -> Generator[Event, None, ScalingAnswered]:
    """Yield the events of an answer, the last of which is returned too: what it is and what it took.

    A DragConfig is DRAG (k = 0: zero-shot, or many-shot without documents), an IterDragConfig IterDRAG; no baselines
    are asked. Raises InputError: an empty question, one that does not fit the window."""
    if not isinstance(config, IterDragConfig):
        return (yield from drag(question, config, context))
    if config.variant == "popular":
        return (yield from popular(question, config, context))
    return (yield from iterdrag(question, config, context))
