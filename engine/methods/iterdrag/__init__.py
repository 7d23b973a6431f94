"""IterDRAG: the target asks itself follow-up questions, and each retrieves documents of its own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from engine.events import Event
from engine.method import MethodSpec
from engine.methods.iterdrag.config import IterDragConfig
from engine.settings import Request

if TYPE_CHECKING:
    from engine.runtime import RunContext


def _run(config: msgspec.Struct, request: Request, runtime: "RunContext") -> Iterator[Event]:
    # Imported late: describing a method must not load torch.
    from engine.methods.iterdrag.run import run

    return run(config, request, runtime)


METHOD = MethodSpec(
    name="iterdrag",
    title="IterDRAG",
    help="the target asks itself follow-up questions, reads what is retrieved for each, and answers in the end.",
    paper="arXiv:2410.04343",
    lossless=True,
    config=IterDragConfig,
    run=_run,
    workspace="scaling",
)
