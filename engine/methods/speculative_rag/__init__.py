"""Speculative RAG: drafts from subsets of the passages, the best chosen by the target; compared with standard RAG."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from engine.events import Event
from engine.method import MethodSpec
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.settings import Request

if TYPE_CHECKING:
    from engine.runtime import RunContext


def _run(config: msgspec.Struct, request: Request, runtime: "RunContext") -> Iterator[Event]:
    # Imported late: describing a method must not load torch.
    from engine.methods.speculative_rag.run import run

    return run(config, request, runtime)


METHOD = MethodSpec(
    name="speculative_rag",
    title="Speculative RAG",
    help="drafts from subsets of the passages, the best one chosen by the target, beside standard RAG.",
    paper="arXiv:2407.08223",
    lossless=False,
    config=SpeculativeRagConfig,
    run=_run,
    workspace="rag",
)
