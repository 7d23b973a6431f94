"""Standard RAG: the target answers over all retrieved passages, plain and with token-level speculation."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from engine.events import Event
from engine.method import MethodSpec
from engine.methods.standard_rag.config import StandardRagConfig
from engine.settings import Request

if TYPE_CHECKING:
    from engine.runtime import RunContext


def _run(config: msgspec.Struct, request: Request, runtime: "RunContext") -> Iterator[Event]:
    # Imported late: describing a method must not load torch.
    from engine.methods.standard_rag.run import run

    return run(config, request, runtime)


METHOD = MethodSpec(
    name="standard_rag",
    title="Standard RAG",
    help="the target reads all passages found and answers.",
    paper="arXiv:2005.11401",
    lossless=True,
    config=StandardRagConfig,
    run=_run,
    drafted=False,
    workspace="rag",
)
