"""Makes questions about a fresh built-in world, and an index of its documents in the user's cache.

Its names are those of the test split, which no built-in model was trained on. It has a quarter of the size of the
shipped corpus, some 1,300 documents, so that two cores index it within a minute. The index is kept and used again for
the same seed and embedder."""

from collections.abc import Callable, Generator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from engine.commands import Index
from engine.documents import building
from engine.documents.index import Damaged, NoIndex, open_index
from engine.errors import EngineError
from engine.evaluation.questions import TRUE_OR_FALSE, GoldQuestion
from engine.events import Event, Progressed, Warned
from engine.machine import paths
from engine.machine.refused_writes import way_out
from engine.rag.library import Librarian
from engine.rag.waiting import no_stop, when_free
from engine.world import corpus
from engine.world.corpus import CorpusSource, DocumentRecord, QuestionRecord
from engine.world.pages import Form
from engine.world.questions import QUESTION_KINDS, QuestionKind

_SHARE = 0.25
# A world to take demonstrations from: some 300 documents, indexed in seconds.
_TRAINING_SHARE, _TRAINING_SEED = 0.06, 1


class FreshWorld(NamedTuple):
    """Questions, the documents they are about, and a digest of the documents."""

    asked: tuple[GoldQuestion, ...]
    documents: tuple[DocumentRecord, ...]
    digest: str


def fresh_world(seed: int, *, n: int, kinds: Sequence[QuestionKind], form: Form) -> FreshWorld:
    """Make a world in a form and n questions about it, the kinds in turn; the same for the same seed."""
    return _world(corpus.fresh_source(seed, share=_SHARE, n_questions=_n_drawn(n, kinds), form=form), n, kinds)


def training_world(n: int, *, kinds: Sequence[QuestionKind]) -> FreshWorld:
    """Make a small world whose names no question of an evaluation has, and n questions about it, the kinds in turn."""
    source = corpus.fresh_source(_TRAINING_SEED, share=_TRAINING_SHARE, n_questions=_n_drawn(n, kinds), form="pages")
    return _world(replace(source, split="train"), n, kinds)


def _n_drawn(n: int, kinds: Sequence[QuestionKind]) -> int:
    """How many questions of all kinds have n of these."""
    rounds = -(-n // len(kinds)) + 1  # one more, because a world may lack what a kind asks about
    return rounds * len(QUESTION_KINDS)


def _world(source: CorpusSource, n: int, kinds: Sequence[QuestionKind]) -> FreshWorld:
    content = corpus.generate(source)
    chosen = [question for question in content.questions if question.kind in kinds][:n]
    by_name = {document.id: document for document in content.documents}
    digest = sha256("\n".join(document.text for document in content.documents).encode()).hexdigest()
    return FreshWorld(tuple(gold_question(question, by_name) for question in chosen), content.documents, digest)


def gold_question(question: QuestionRecord, documents: dict[str, DocumentRecord]) -> GoldQuestion:
    """A question of a world, with which documents state each fact that it needs."""
    choices = TRUE_OR_FALSE if question.kind == "claim" else ()
    needs = tuple(
        tuple(name for name in question.supporting if _states(documents[name], documents[step.document], step.answer))
        for step in question.steps
    )
    return GoldQuestion(question.id, question.kind, question.question, (question.answer,), choices, needs=needs)


def _states(document: DocumentRecord, gold: DocumentRecord, answer: str) -> bool:
    """Whether a document states the fact with which the gold document answers."""
    return any(fact[2] == answer for fact in set(document.states) & set(gold.states))


def indexed(
    world: FreshWorld, seed: int, librarian: Librarian, *, embedder: str, device: str,
    checkpoint: Callable[[], None] = no_stop,
) -> Generator[Event, None, str]:  # fmt: skip
    """Index a world unless that was done before; yields progress and warnings, returns the folder of the index.

    checkpoint: raises Cancelled once the user asked to stop. Where another program makes the same index, waits."""
    encoder = yield from librarian.embedder(embedder, device=device)
    key = sha256(f"{world.digest} {encoder.description.fingerprint}".encode()).hexdigest()[:12]
    folder = paths.user_cache() / "worlds" / f"{seed}-{key}"
    index = str(folder / "index")

    def made() -> Generator[Event, None, None]:
        try:
            open_index(index)
        except (NoIndex, Damaged) as err:
            if isinstance(err, Damaged):
                building.discard(index)
            source = _write_documents(folder / "documents.jsonl", world)
            steps = librarian.do(Index((source,), index, embedder, device=device))
            yield from (event for event in steps if isinstance(event, Progressed | Warned))

    yield from when_free(made, checkpoint)
    return index


def _write_documents(path: Path, world: FreshWorld) -> str:
    """Write the documents to a file. Raises EngineError if that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        corpus.write(path, world.documents)
    except OSError as err:
        raise EngineError(f"{path} cannot be written ({err.strerror})", way_out(err)) from err
    return str(path)
