"""Makes pools of demonstrations: training questions are answered by IterDRAG, and what ends right is kept.

For DRAG, whose demonstrations have no steps, the known answers are shown, and nothing is asked.
Source: arXiv:2410.04343, section 3.3 (demonstrations by constrained decoding, kept where the answer is right)."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from engine.documents.sources import BUILTIN
from engine.documents.target_tokens import tokens_of
from engine.errors import InputError
from engine.evaluation import datasets, fresh_world
from engine.evaluation.pool_file import PoolContent, PoolFile, TriedQuestion
from engine.evaluation.question_library import QuestionLibrary
from engine.evaluation.questions import GoldQuestion, is_right
from engine.events import Event, IterationFinished, Progressed, Retrieved, ScalingAnswered
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig
from engine.methods.drag.gathering import documents_for
from engine.methods.iterdrag.answering import answered
from engine.methods.iterdrag.config import IterDragConfig
from engine.models import checkpoint_folder
from engine.rag.demonstration_pool import DemonstrationPool, PooledDemonstration, PoolRequest
from engine.rag.document_order import shared_out
from engine.rag.library import Librarian, Library, opened
from engine.rag.memo import LruCache, Memo, model_key
from engine.rag.waiting import when_free
from engine.runtime import RunContext
from engine.world.questions import QUESTION_KINDS

# A pool has some to choose from for a question of any kind, and is made within a minute or two.
_LEAST_POOL, _TIMES_WANTED, _TIMES_TRIED = 20, 3, 2
_MOST_NEW = 64
_MOST_POOLS = 16


class TrainingQuestions(NamedTuple):
    """Questions with known answers. library: has the documents of each; key: equal if all of that is."""

    asked: tuple[GoldQuestion, ...]
    library: Callable[[GoldQuestion], Library]
    key: str


class PoolMaker:
    """Makes pools, each once while the models stay loaded."""

    def __init__(self, librarian: Librarian) -> None:
        self._librarian = librarian
        self._pools: LruCache[tuple[object, ...], DemonstrationPool] = LruCache(_MOST_POOLS)

    def forget_models(self) -> None:
        """Drop the pools in memory, because other models may be loaded under their names."""
        self._pools.clear()

    def pool(self, request: PoolRequest, rt: RunContext) -> Generator[Event, None, DemonstrationPool]:
        """Yield the progress of making a pool; returns it. Raises InputError: no such file, nothing to ask in it.

        Waits where another program makes the same pool, and takes what it has made."""
        key = (request, model_key(rt.target))
        if (ready := self._pools.get(key)) is not None:
            return ready._replace(ms=0.0, n_reused=ready.n_tried)
        started = time.perf_counter()
        n_kept = max(_LEAST_POOL, _TIMES_WANTED * request.wanted)
        questions = yield from self._questions(request, rt, _TIMES_TRIED * n_kept)
        content = _content(request, questions, rt)
        with closing((yield from when_free(lambda: _opened_file(content), rt.checkpoint))) as file:
            n_reused = len(file.tried)
            steps = _fill(file, questions, request, rt, n_kept)
            yield from steps
            members = tuple(question.kept for question in file.tried if question.kept is not None)
            ms = 1e3 * (time.perf_counter() - started)
            pool = DemonstrationPool(str(file.path), members, len(file.tried), n_reused, ms, _note(members, file))
        self._pools.put(key, pool)
        return pool

    def _questions(self, request: PoolRequest, rt: RunContext, n: int) -> Generator[Event, None, TrainingQuestions]:
        device = str(rt.target.device)
        if request.source == BUILTIN:
            world = fresh_world.training_world(n, kinds=QUESTION_KINDS)
            steps = fresh_world.indexed(
                world, 0, self._librarian, embedder=BUILTIN, device=device, checkpoint=rt.checkpoint
            )
            library = yield from opened((yield from steps), self._librarian, device=device, checkpoint=rt.checkpoint)
            return TrainingQuestions(
                world.asked, lambda _: library, f"{world.digest} {library.description.fingerprint}"
            )
        dataset = datasets.read(Path(request.source), n=n, seed=request.seed, answered=True)
        if not all(gold.answers for gold in dataset.asked):  # then none has one
            raise InputError(
                f"{request.source} has no answered question to make demonstrations from", "name a file with answers"
            )
        digest = sha256(repr(dataset.asked).encode()).hexdigest()
        if all(gold.documents for gold in dataset.asked):
            embedder = yield from self._librarian.embedder(BUILTIN, device=device)
            tokens = tokens_of(rt.target.spec)
            most = tokens.fitting(max(1, request.k))
            return TrainingQuestions(
                dataset.asked, lambda gold: QuestionLibrary(gold, tokens, most, embedder), f"{digest} {most}"
            )
        library = yield from opened(request.documents, self._librarian, device=device, checkpoint=rt.checkpoint)
        return TrainingQuestions(dataset.asked, lambda _: library, f"{digest} {library.key}")


def _content(request: PoolRequest, questions: TrainingQuestions, rt: RunContext) -> PoolContent:
    """Everything that decides a pool: corpus, model, k, retrieval, and how its questions are answered."""
    settings = (questions.key, str(request.k), request.retrieval, str(request.steps), str(request.seed))
    if not request.steps:
        return PoolContent(settings)
    target = rt.target
    chat = str(target.asked_template is not None)
    return PoolContent((*settings, str(request.n), checkpoint_folder.fingerprint(target.spec), str(target.dtype), chat))


def _opened_file(content: PoolContent) -> Generator[Event, None, PoolFile]:
    """The file of a pool. Raises InUse where another program makes it."""
    yield from ()
    return PoolFile(content)


def _note(members: Sequence[PooledDemonstration], file: PoolFile) -> str:
    """Why a pool is empty, in words."""
    if members:
        return ""
    return f"none of {len(file.tried)} training questions was answered right"


def _fill(
    file: PoolFile, questions: TrainingQuestions, request: PoolRequest, rt: RunContext, n_kept: int
) -> Generator[Event, None, None]:
    """Answer training questions until enough are right; yields progress."""
    known = {question.id for question in file.tried}
    for place, gold in enumerate(questions.asked):
        if sum(question.kept is not None for question in file.tried) >= n_kept:
            return
        if gold.id in known:
            continue
        rt.checkpoint()
        kept = _worked(gold, request, ScalingContext(rt, questions.library(gold), Memo()))
        file.add(TriedQuestion(gold.id, kept))
        yield Progressed("measuring", place + 1, len(questions.asked), "training questions", rt.elapsed_s())


def _worked(gold: GoldQuestion, request: PoolRequest, context: ScalingContext) -> PooledDemonstration | None:
    """The demonstration that a training question makes; None where it cannot be asked or its answer is wrong."""
    k, retrieval, question = request.k, request.retrieval, gold.question.strip()
    try:
        if request.steps:
            config = IterDragConfig(k=k, m=0, n=request.n, retrieval=retrieval, max_new_tokens=_MOST_NEW)
            return _iterated(gold, list(answered(question, config, context)), k)
        events = list(documents_for(question, DragConfig(k=k, m=0, retrieval=retrieval), context))
    except InputError:
        return None
    return PooledDemonstration(gold.id, gold.kind, question, gold.answers[0], _shared_out(events, k))


def _iterated(gold: GoldQuestion, events: Sequence[Event], k: int) -> PooledDemonstration | None:
    """The demonstration of an answer by iterations, if it is right."""
    answer = next(event for event in events if isinstance(event, ScalingAnswered)).answer
    if answer is None or not is_right(answer, gold):
        return None
    iterations = (event for event in events if isinstance(event, IterationFinished) and event.end == "follow_up")
    steps = tuple((iteration.follow_up, iteration.intermediate) for iteration in iterations)
    return PooledDemonstration(gold.id, gold.kind, gold.question.strip(), answer, _shared_out(events, k), steps)


def _shared_out(events: Sequence[Event], k: int) -> tuple[str, ...]:
    """The texts of k documents of all retrievals, in the order of a prompt."""
    retrievals = [event.passages for event in events if isinstance(event, Retrieved)]
    return tuple(passage.text for passage in shared_out(retrievals, k, lambda passage: passage.id))
