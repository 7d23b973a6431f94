"""DRAG: the target answers over many documents, after demonstrations with documents of their own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from engine.events import Event
from engine.method import MethodSpec
from engine.methods.drag.config import DragConfig
from engine.settings import Request

if TYPE_CHECKING:
    from engine.runtime import RunContext


def _run(config: msgspec.Struct, request: Request, runtime: "RunContext") -> Iterator[Event]:
    # Imported late: describing a method must not load torch.
    from engine.methods.drag.run import run

    return run(config, request, runtime)


METHOD = MethodSpec(
    name="drag",
    title="DRAG",
    help="the target answers over many documents, after answered questions with documents of their own.",
    paper="arXiv:2410.04343",
    lossless=True,
    config=DragConfig,
    run=_run,
    workspace="scaling",
)
