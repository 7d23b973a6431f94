"""Runs Speculative RAG over an index: passages, their map, subsets, drafts, scores, answers, and the baselines."""

from collections.abc import Generator, Iterator, Sequence

import msgspec

from engine.documents import projection
from engine.errors import InputError
from engine.events import Event, RunFinished
from engine.events.answers import Mapped, Partitioned, Passage, Retrieved
from engine.methods.run_events import run_started
from engine.methods.speculative_rag.answering import Outcome, answer
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.self_test import tested
from engine.methods.speculative_rag.warming import warm, warm_clustering
from engine.methods.standard_rag.asking import AnswerContext
from engine.models.loading import LoadedModel
from engine.runtime import RunContext
from engine.settings import Request


def run(config: msgspec.Struct, request: Request, rt: RunContext) -> Iterator[Event]:
    """Yield the run's events.

    Raises InputError: an empty question, a drafter that is no model, no chat template to ask through, no UMAP."""
    assert isinstance(config, SpeculativeRagConfig)
    rt = rt.asking(config.chat)
    drafter = _drafter(rt)
    assert rt.documents is not None
    if not request.prompt.strip():
        raise InputError("the question is empty", "ask something")
    projection.refuse_missing(config.projection)
    yield run_started("speculative_rag", config, request, rt.prompt_ids(request), rt)
    library = yield from rt.documents.open(config.index)
    context = AnswerContext(rt, drafter, library, rt.documents.memo)
    warm([rt.target, drafter], context.memo)
    warm_clustering(context.memo)
    yield from tested(rt, context.memo)
    n_tokens = yield from _answer_with_map(request.prompt, config, context)
    yield RunFinished("end_of_text", n_tokens, at_s=rt.elapsed_s())


def _drafter(rt: RunContext) -> LoadedModel:
    if rt.documents is None or rt.documents.drafter is None:
        raise InputError(f"the drafter {rt.drafter_spec} is no model: it cannot draft answers", "load builtin:rag")
    return rt.documents.drafter


def _answer_with_map(
    question: str, config: SpeculativeRagConfig, context: AnswerContext
) -> Generator[Event, None, int]:
    """Yield the events of the answer, with the map as soon as there are clusters; returns the number of drafted
    tokens."""
    passages: Sequence[Passage] = ()
    for step in answer(question, config, context):
        if isinstance(step, Outcome):
            return sum(len(draft.ids) for draft in step.drafts)
        yield step
        if isinstance(step, Retrieved):
            passages = step.passages
        if isinstance(step, Partitioned):
            yield _map(question, passages, config, context)
    raise AssertionError("an answer ends with its outcome")


def _map(question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, context: AnswerContext) -> Mapped:
    """Map passages and question among other chunks, by the vectors of the index, which all of them have."""
    library = context.library
    ids = tuple(passage.id for passage in passages)
    key = (library.key, question, ids, config.projection, config.seed)
    cached = context.memo.maps.get(key)
    mapped = cached or projection.project(
        library.vectors(ids),
        library.embed([question], "query")[0],
        library.background(projection.MOST_BACKGROUND),
        how=config.projection,
        seed=config.seed,
    )
    context.memo.maps.put(key, mapped)
    return msgspec.structs.replace(mapped, at_s=context.rt.elapsed_s())
