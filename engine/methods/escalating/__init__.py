"""Small to large: a question goes on to the next larger preset while the quality of its answer is below a threshold."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from engine.events import Event
from engine.method import MethodSpec
from engine.methods.escalating.config import EscalatingConfig
from engine.settings import Request

if TYPE_CHECKING:
    from engine.runtime import RunContext


def _run(config: msgspec.Struct, request: Request, runtime: "RunContext") -> Iterator[Event]:
    # Imported late: describing a method must not load torch.
    from engine.methods.escalating.run import run

    return run(config, request, runtime)


METHOD = MethodSpec(
    name="escalating",
    title="Small to large",
    help="few documents first; an answer that looks bad is asked again with the next preset. Not from the paper.",
    paper="",
    lossless=True,
    config=EscalatingConfig,
    run=_run,
    workspace="scaling",
)
