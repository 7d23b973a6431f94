"""Questions of training worlds with what retrieval brings for them and for each of their follow-up questions.

Documents are indexed and searched as those of any question are, by vectors and by words. That is done once for each
world: the result is kept in a file, from which training texts then take what they show."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random

import msgspec
from transformers import PreTrainedTokenizerBase

from engine.documents import embedding, indexing, jobs
from engine.documents.embedding import Embedder
from engine.documents.index import open_index
from engine.documents.target_tokens import StricterTokens, TargetTokens
from engine.errors import EngineError
from engine.events import Progressed
from engine.prompts import FollowUp
from engine.rag.demonstration_pool import PooledDemonstration
from engine.rag.document_order import not_known, shared_out, worst_first
from engine.rag.library import IndexLibrary
from engine.training import shapes
from engine.training.curriculum import LessonPlan
from engine.training.disk import refused_by_disk, write_synced
from engine.world.census import world
from engine.world.corpus import of_archive, write
from engine.world.documents import Archive
from engine.world.pages import history
from engine.world.questions import Asker, Question

MOST_RETRIEVED = 10
_EMBEDDER = "builtin"


class Lesson(msgspec.Struct, frozen=True):
    """A question with its answer. Documents are places in the book.

    retrieved: for the question, and then for each step's, the documents best first; stating: for each step, all
    documents that state its answer."""

    kind: str
    question: str
    answer: str
    steps: tuple[FollowUp, ...]
    retrieved: tuple[tuple[int, ...], ...]
    stating: tuple[tuple[int, ...], ...]

    def context(self, k: int, n_steps: int = 0) -> tuple[int, ...]:
        """What a prompt shows after so many follow-up questions with k documents each, as IterDRAG adds them."""
        context: tuple[int, ...] = ()
        for best_first in self.retrieved[: 1 + n_steps]:
            context += not_known(context, worst_first(best_first[:k]), int)
        return context

    def is_answerable(self, k: int, *, iterates: bool) -> bool:
        """Whether the documents state all that the answer needs, where k are retrieved: at each step, if it iterates,
        or at once."""
        return all(
            set(stating) & set(self.context(k, place + 1 if iterates else 0))
            for place, stating in enumerate(self.stating)
        )


class LessonBook(msgspec.Struct, frozen=True):
    """The documents of a training world, and lessons about them."""

    documents: tuple[str, ...]
    lessons: tuple[Lesson, ...]

    def texts(self, places: tuple[int, ...]) -> tuple[str, ...]:
        """The texts of documents."""
        return tuple(self.documents[place] for place in places)

    def demonstration(self, lesson: Lesson, k: int, *, steps: bool) -> PooledDemonstration:
        """The lesson as a pool of demonstrations has it, with k documents of its retrievals."""
        retrievals = [best_first[:k] for best_first in lesson.retrieved[: None if steps else 1]]
        shown = self.texts(shared_out(retrievals, k, int))
        follow_ups = tuple((step.question, step.answer) for step in lesson.steps) if steps else ()
        return PooledDemonstration("", lesson.kind, lesson.question, lesson.answer, shown, follow_ups)


def written(folder: Path, plan: LessonPlan, tokenizer: PreTrainedTokenizerBase, *, seed: int) -> Iterator[Progressed]:
    """Write the books of a plan that the folder lacks; yields progress after each. A call that is closed early, or
    killed, leaves whole books, and the next one goes on. Raises EngineError if the disk refuses."""
    missing = [number for number in range(plan.n_worlds) if not _file(folder, number).exists()]
    if not missing:
        return
    with refused_by_disk("the lessons", folder):
        folder.mkdir(parents=True, exist_ok=True)
    embedder = _embedder()
    for number in missing:
        book = made(Random(f"lessons/{seed}/{number}"), plan, number, tokenizer, embedder)
        with refused_by_disk("the lessons", folder):
            partial = _file(folder, number).with_suffix(".partial")
            write_synced(partial, msgspec.json.encode(book))
            partial.replace(_file(folder, number))
        yield Progressed("retrieving", number + 1, plan.n_worlds, "worlds to learn from")


def read(folder: Path, plan: LessonPlan) -> tuple[LessonBook, ...]:
    """Read the books that `written` wrote. Raises EngineError for one that is missing or damaged."""
    books = []
    for number in range(plan.n_worlds):
        file = _file(folder, number)
        try:
            books.append(msgspec.json.decode(file.read_bytes(), type=LessonBook))
        except (OSError, msgspec.DecodeError) as err:
            raise EngineError(f"{file} is damaged ({err})", "delete that file, and start the training again") from err
    return tuple(books)


def _file(folder: Path, number: int) -> Path:
    return folder / f"world-{number}.json"


def _embedder() -> Embedder:
    *_, embedder = embedding.load(_EMBEDDER)
    assert isinstance(embedder, Embedder)
    return embedder


def made(
    rng: Random, plan: LessonPlan, number: int, tokenizer: PreTrainedTokenizerBase, embedder: Embedder
) -> LessonBook:
    """Draw a world of the training split and questions about it, and retrieve for all of them."""
    archive = history(rng, world(rng, "train", plan.sizes), plan.forms[number % len(plan.forms)])
    asker = Asker(archive, rng)
    kinds = rng.choices(tuple(plan.kinds), tuple(plan.kinds.values()), k=plan.n_lessons)
    questions = [asker.ask(kind) for kind in kinds]
    with tempfile.TemporaryDirectory(prefix="draftscope-lessons-") as folder:
        library = _library(archive, Path(folder), tokenizer, embedder)
        return book_of(archive, questions, lambda query: _names(library, query))


def book_of(archive: Archive, questions: Sequence[Question], retrieve: Callable[[str], Sequence[str]]) -> LessonBook:
    """The lessons of questions about an archive. retrieve: the ids of documents for a query, best first."""
    places = {document.id: place for place, document in enumerate(archive.documents)}
    retrieve = lru_cache(maxsize=None)(retrieve)
    stating = archive.stating()
    lessons = []
    for question in questions:
        queries = (question.text, *(step.question for step in question.steps))
        lessons.append(
            Lesson(
                question.kind,
                question.text,
                question.answer,
                tuple(FollowUp(step.question, step.answer) for step in question.steps),
                tuple(tuple(places[name] for name in retrieve(query)) for query in queries),
                tuple(tuple(places[d.id] for d in stating[fact.key, fact.value]) for fact in question.facts),
            )
        )
    return LessonBook(tuple(document.text for document in archive.documents), tuple(lessons))


def _library(archive: Archive, folder: Path, tokenizer: PreTrainedTokenizerBase, embedder: Embedder) -> IndexLibrary:
    """Index the documents of an archive in a folder, each in one passage as target and embedder read it."""
    source, uri = folder / "documents.jsonl", str(folder / "index")
    write(source, of_archive(archive, ()).documents)
    target = TargetTokens(tokenizer, "lessons", shapes.CONTEXT)
    most = min(target.fitting(MOST_RETRIEVED), embedder.most_tokens)
    job = jobs.IndexJob((str(source),), uri, most, "builtin", target.fingerprint, fits_embedder=True)
    for _ in indexing.index(job, embedder, StricterTokens(target, embedder.tokens)):
        pass
    return IndexLibrary(open_index(uri), embedder)


def _names(library: IndexLibrary, query: str) -> tuple[str, ...]:
    """The ids of the best documents for a query, best first."""
    passages = library.retrieve(query, MOST_RETRIEVED, "hybrid").passages
    return tuple(dict.fromkeys(passage.name for passage in passages))
