"""Runs standard RAG over an index: passages, then the target's answer, then the same with token-level speculation."""

from collections.abc import Iterator

import msgspec

from engine.errors import InputError
from engine.events import Event, RunFinished
from engine.methods.run_events import run_started
from engine.methods.speculative_rag.warming import warm
from engine.methods.standard_rag.answering import standard
from engine.methods.standard_rag.asking import retrieve
from engine.methods.standard_rag.config import StandardRagConfig
from engine.runtime import RunContext
from engine.settings import Request


def run(config: msgspec.Struct, request: Request, rt: RunContext) -> Iterator[Event]:
    """Yield the run's events: start, passages, answers, end. Raises InputError: an empty question, no chat template."""
    assert isinstance(config, StandardRagConfig)
    rt = rt.asking(config.chat)
    assert rt.documents is not None
    if not request.prompt.strip():
        raise InputError("the question is empty", "ask something")
    yield run_started("standard_rag", config, request, rt.prompt_ids(request), rt)
    library = yield from rt.documents.open(config.index)
    memo = rt.documents.memo
    warm([rt.target], memo)
    passages = yield from retrieve(request.prompt.strip(), config, rt, library, memo)
    plain = yield from standard(request.prompt.strip(), passages, config, rt, library, memo)
    if rt.drafter is not None:
        yield from standard(request.prompt.strip(), passages, config, rt, library, memo, gamma=config.gamma)
    yield RunFinished("end_of_text", len(plain.made.ids), at_s=rt.elapsed_s())
