"""Runs IterDRAG over an index, and beside it what it is compared with."""

from collections.abc import Iterator

import msgspec

from engine.events import Event
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.comparing import run_beside
from engine.methods.drag.config import DragConfig
from engine.methods.iterdrag.answering import answered
from engine.methods.iterdrag.config import IterDragConfig
from engine.runtime import RunContext
from engine.settings import Request


def run(config: msgspec.Struct, request: Request, rt: RunContext) -> Iterator[Event]:
    """Yield the run's events. Raises InputError: an empty question, no chat template to ask through."""
    assert isinstance(config, IterDragConfig)

    def answer(chosen: DragConfig, context: ScalingContext) -> Iterator[Event]:
        return answered(request.prompt, chosen, context)

    return run_beside("iterdrag", answer, config, request, rt)
