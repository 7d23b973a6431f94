"""Runs an evaluation: asks questions with known answers of every system, and resumes where it was killed.

The systems take turns in going first. Before that, a question that is not counted warms up the models and libraries."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec
import torch
import transformers

from engine.documents.sources import BUILTIN
from engine.documents.target_tokens import tokens_of
from engine.errors import InputError
from engine.evaluation import datasets, fresh_world
from engine.evaluation.config import world_kinds
from engine.evaluation.examining import examine
from engine.evaluation.figures import figures
from engine.evaluation.file import EvaluationFile, EvaluationHead, Grid, QuestionLine
from engine.evaluation.question_library import QuestionLibrary
from engine.evaluation.questions import GoldQuestion
from engine.evaluation.turns import ScalingSystems
from engine.events import Event, Progressed, Setting
from engine.events.evaluation import Figures
from engine.methods.speculative_rag import verifying
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.self_test import tested
from engine.methods.speculative_rag.warming import warm
from engine.methods.standard_rag.asking import AnswerContext
from engine.models import checkpoint_folder
from engine.models.loading import LoadedModel
from engine.rag.library import Librarian, Library, opened
from engine.rag.memo import Memo
from engine.runtime import RunContext
from engine.settings import settings_of
from engine.world.pages import Form

# These settings change only what is shown, or nothing in an evaluation.
_NOT_DECIDING = ("index", "projection", "baselines", "stop_at_end")
_LibraryOf: TypeAlias = Callable[[GoldQuestion], Library]


class EvaluationPlan(NamedTuple):
    """What to evaluate. dataset: `builtin` or a file; kinds: of its questions, none for the usual ones; form: of a
    built-in world; index_spec: the index of documents that do not come with the questions; embedder: for documents that
    do, or for those of a built-in world. scaling: how DRAG and its like are asked too, None if they are not."""

    dataset: str
    n_questions: int
    kinds: tuple[str, ...]
    index_spec: str
    embedder: str
    config: SpeculativeRagConfig
    grid: Grid
    form: Form = "pages"
    scaling: ScalingSystems | None = None
    answered: bool = False


class Opened(NamedTuple):
    """The evaluation's file, and its first line."""

    path: Path
    head: EvaluationHead


class Exam(NamedTuple):
    """Questions and where their passages come from. documents, embedder: fingerprints; n_unanswered: questions of the
    file, asked or not, that no answer is known of."""

    layout: str
    asked: tuple[GoldQuestion, ...]
    library: _LibraryOf
    documents: str
    embedder: str
    n_unanswered: int = 0


def evaluate(
    plan: EvaluationPlan, rt: RunContext, librarian: Librarian
) -> Iterator[Event | Opened | QuestionLine | Figures]:
    """Yield progress, the file, every question as it is answered (earlier answers first), and last the figures.

    Raises InputError or ModelError before anything is asked; Cancelled, keeping every question answered so far."""
    if rt.documents is None or rt.documents.drafter is None:
        raise InputError(f"the drafter {rt.drafter_spec} is no model: it cannot draft answers", "use builtin:rag")
    memo, drafter = rt.documents.memo, rt.documents.drafter.asked(plan.config.chat)
    rt = rt.asking(plan.config.chat)
    verifying.verdicts(rt.target.tokenizer)
    exam = yield from exam_of(plan, rt, librarian)
    head = _head(plan, exam, rt, drafter)
    with closing(EvaluationFile(head, Path(plan.dataset).stem)) as file:
        yield Opened(file.path, head)
        yield from file.known
        lines = list(file.known)
        if len(lines) < len(exam.asked):
            yield from tested(rt, memo)
        for line in _lines(exam, {line.id for line in file.known}, plan, rt, drafter):
            file.add(line)
            lines.append(line)
            yield line
            yield Progressed("measuring", len(lines), len(exam.asked), "questions", rt.elapsed_s())
        summary = figures(head, lines)
        file.finish(msgspec.to_builtins(summary))
    yield summary


def _lines(
    exam: Exam, answered_ids: set[str], plan: EvaluationPlan, rt: RunContext, drafter: LoadedModel
) -> Iterator[QuestionLine]:
    """Ask the questions that are not answered yet; turns count all questions, so that a resumed run has the same."""
    turns: Counter[str] = Counter()
    is_warm = False
    for gold in exam.asked:
        turn = turns[gold.kind]
        turns[gold.kind] += 1
        if gold.id in answered_ids:
            continue
        rt.checkpoint()
        if not is_warm:
            warm([rt.target, drafter], Memo())
            context = _context(exam, gold, rt, drafter)
            examine(gold, plan.config, context, turn=turn, grid=Grid(), scaling=plan.scaling)
            is_warm = True
        context = _context(exam, gold, rt, drafter)
        yield examine(gold, plan.config, context, turn=turn, grid=plan.grid, scaling=plan.scaling)


def _context(exam: Exam, gold: GoldQuestion, rt: RunContext, drafter: LoadedModel) -> AnswerContext:
    """The context of a question; with a new memo, so that no question makes another one faster."""
    return AnswerContext(rt, drafter, exam.library(gold), Memo())


def exam_of(plan: EvaluationPlan, rt: RunContext, librarian: Librarian) -> Generator[Event, None, Exam]:
    """Questions and their passages, from a fresh world or a file."""
    device = str(rt.target.device)
    if plan.dataset != BUILTIN:
        return (yield from _exam_of_file(plan, rt, librarian, device))
    if plan.index_spec:
        raise InputError("a built-in world has documents of its own", "leave --index out, or name a file of questions")
    world = fresh_world.fresh_world(plan.config.seed, n=plan.n_questions, kinds=world_kinds(plan.kinds), form=plan.form)
    steps = fresh_world.indexed(
        world, plan.config.seed, librarian, embedder=plan.embedder, device=device, checkpoint=rt.checkpoint
    )
    library = yield from opened((yield from steps), librarian, device=device, checkpoint=rt.checkpoint)
    return Exam(f"{BUILTIN} {plan.form}", world.asked, lambda _: library, world.digest, library.description.fingerprint)


def _exam_of_file(
    plan: EvaluationPlan, rt: RunContext, librarian: Librarian, device: str
) -> Generator[Event, None, Exam]:
    dataset = datasets.read(
        Path(plan.dataset), n=plan.n_questions, seed=plan.config.seed, kinds=plan.kinds, answered=plan.answered
    )
    if plan.index_spec:
        library = yield from opened(plan.index_spec, librarian, device=device, checkpoint=rt.checkpoint)
        return Exam(
            dataset.layout, dataset.asked, lambda _: library, library.key, library.description.fingerprint,
            dataset.n_unanswered,
        )  # fmt: skip
    bare = next((gold.id for gold in dataset.asked if not gold.documents), None)
    if bare is not None:
        hint = f"name an index of documents (--index PATH, or {BUILTIN})"
        raise InputError(f"question {bare} of {plan.dataset} comes without documents", hint)
    embedder = yield from librarian.embedder(plan.embedder, device=device)
    tokens = tokens_of(rt.target.spec)
    most = tokens.fitting(plan.config.n)
    documents = f"with the questions, in passages of {most} tokens"
    fingerprint = embedder.description.fingerprint
    return Exam(
        dataset.layout,
        dataset.asked,
        lambda gold: QuestionLibrary(gold, tokens, most, embedder),
        documents,
        fingerprint,
        dataset.n_unanswered,
    )


def _head(plan: EvaluationPlan, exam: Exam, rt: RunContext, drafter: LoadedModel) -> EvaluationHead:
    target = rt.target
    deciding: dict[str, Setting] = {
        name: value for name, value in settings_of(plan.config) if name not in _NOT_DECIDING
    }
    if plan.scaling is not None:
        deciding |= {f"scaling_{name}": value for name, value in plan.scaling._asdict().items()}
    return EvaluationHead(
        plan.dataset if plan.dataset == BUILTIN else Path(plan.dataset).name,
        exam.layout,
        len(exam.asked),
        sha256(msgspec.json.encode(exam.asked)).hexdigest(),
        exam.documents,
        deciding,
        {
            "target": checkpoint_folder.fingerprint(target.spec),
            "drafter": checkpoint_folder.fingerprint(drafter.spec, drafter=True),
            "embedder": exam.embedder,
        },
        {"target": place_of(target), "drafter": place_of(drafter)},
        library_versions(),
        plan.grid,
    )


def place_of(model: LoadedModel) -> str:
    """Where and how a model is computed."""
    return f"{model.device} {str(model.dtype).removeprefix('torch.')} {model.runtime}"


def library_versions() -> dict[str, str]:
    """Versions of the libraries that compute the result."""
    return {"torch": str(torch.__version__), "transformers": transformers.__version__}
