"""Runs a method of scaling beside what it is compared with: standard RAG, and the same method without a drafter."""

from collections.abc import Callable, Generator, Iterator
from typing import TypeAlias

from msgspec.structs import replace

from engine.errors import InputError
from engine.events import Event, ModelCalled, RunFinished, ScalingAnswered
from engine.methods.drag.answering import asked
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig
from engine.methods.run_events import run_started
from engine.methods.speculative_rag.warming import warm
from engine.methods.standard_rag.answering import standard
from engine.methods.standard_rag.asking import retrieve
from engine.methods.standard_rag.config import StandardRagConfig
from engine.runtime import RunContext
from engine.settings import GenerationConfig, Request

Answer: TypeAlias = Callable[[DragConfig, ScalingContext], Iterator[Event]]


def run_beside(method: str, answer: Answer, config: DragConfig, request: Request, rt: RunContext) -> Iterator[Event]:
    """Yield a run's events: start, answer, the answers it is compared with, end. Raises InputError."""
    rt = rt.asking(config.chat)
    assert rt.documents is not None
    question = asked(request.prompt)
    yield run_started(method, config, request, rt.prompt_ids(request), rt)
    library = yield from rt.documents.open(config.index)
    context = ScalingContext(rt, library, rt.documents.memo)
    warm([rt.target], context.memo)
    texts, result = yield from passed_on(answer(config, context))
    yield from compared(question, result, texts, answer, config, context)
    yield RunFinished("end_of_text", result.output_tokens, at_s=rt.elapsed_s())


def compared(
    question: str, result: ScalingAnswered, texts: list[str], answer: Answer, config: DragConfig,
    context: ScalingContext,
) -> Iterator[Event]:  # fmt: skip
    """Yield what an answer is compared with: itself undrafted, and standard RAG; texts: what its calls wrote."""
    if config.baselines == "all" and result.gamma:
        greedy = config.temperature == 0
        yield _with_plain(result, texts, answer(replace(config, gamma=0), context), greedy, context.rt)
    if config.baselines != "none" and config.k:
        yield from _standard(question, config, context)


def passed_on(events: Iterator[Event]) -> Generator[Event, None, tuple[list[str], ScalingAnswered]]:
    """Yield the events of an answer; returns what its calls wrote, and the answer."""
    texts: list[str] = []
    result: ScalingAnswered | None = None
    for event in events:
        yield event
        if isinstance(event, ModelCalled):
            texts.append(event.text)
        result = event if isinstance(event, ScalingAnswered) else result
    assert result is not None
    return texts, result


def _with_plain(
    result: ScalingAnswered, texts: list[str], events: Iterator[Event], greedy: bool, rt: RunContext
) -> ScalingAnswered:
    """The answer again, with what decoding it one token at a time took; nothing else of that is told."""
    steps = passed_on(events)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        plain_texts, plain = end.value
    same = plain_texts == texts if greedy else None  # sampling draws other tokens
    return replace(result, plain_decode_ms=plain.decode_ms, same_as_plain=same, at_s=rt.elapsed_s())


def _standard(question: str, config: DragConfig, context: ScalingContext) -> Iterator[Event]:
    """Standard RAG over as many documents; without any there is nothing that it could answer from."""
    shared = {name: getattr(config, name) for name in GenerationConfig.__struct_fields__}
    most = 200
    beside = StandardRagConfig(**shared, chat=config.chat, n=min(config.k, most), retrieval=config.retrieval)
    try:
        passages = yield from retrieve(question, beside, context.rt, context.library, context.memo)
    except InputError:
        return
    yield from standard(question, passages, beside, context.rt, context.library, context.memo)
