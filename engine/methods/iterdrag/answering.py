"""Answers one question by DRAG or IterDRAG, whichever its settings are for; sweeps and evaluations call this."""

from collections.abc import Generator

from engine.events import Event, ScalingAnswered
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig


def answered(question: str, config: DragConfig, context: ScalingContext) -> Generator[Event, None, ScalingAnswered]:
    """Yield the events of an answer, the last of which is returned too: what it is and what it took.

    A DragConfig is DRAG (k = 0: zero-shot, or many-shot without documents), an IterDragConfig IterDRAG; no baselines
    are asked. Raises InputError: an empty question, one that does not fit the window."""
    raise NotImplementedError
