"""Answers one question with every cell of a sweep; what cells have in common is computed once.

Source: arXiv:2410.04343, section 3: n = 1 is DRAG, more iterations are IterDRAG."""

from collections.abc import Collection, Generator, Iterator, Sequence

from msgspec.structs import replace

from engine.errors import InputError, InUse
from engine.evaluation.questions import GoldQuestion, exact_match, f1, is_right
from engine.events import Allocation, CellAnswered, Progressed, QualityScore, Warned
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.config import DragConfig
from engine.methods.escalating.quality import Judged, ended, judge
from engine.methods.iterdrag.answering import answered
from engine.methods.iterdrag.config import IterDragConfig


def config_of(cell: Allocation, config: IterDragConfig) -> DragConfig:
    """The settings that answer with a cell."""
    if cell.n > 1:
        return replace(config, k=cell.k, m=cell.m, n=cell.n)
    shared = {name: getattr(config, name) for name in DragConfig.__struct_fields__}
    return DragConfig(**{**shared, "k": cell.k, "m": cell.m})


def in_asking_order(cells: Collection[Allocation]) -> list[Allocation]:
    """The most iterations first: what ends by itself sooner is also the answer with fewer."""
    return sorted(cells, key=lambda cell: (-cell.n, cell.m, cell.k))


def answers(
    gold: GoldQuestion,
    cells: Sequence[Allocation],
    config: IterDragConfig,
    context: ScalingContext,
    quality: QualityScore,
) -> Iterator[CellAnswered | Progressed | Warned]:
    """Answer a question with each of these cells; yields the progress of making demonstrations too.

    A cell that cannot be asked has the reason in place of an answer. Raises Cancelled; InUse where another program is
    in the way, which says nothing about the cell."""
    ended: dict[tuple[int, int], CellAnswered] = {}
    for cell in in_asking_order(cells):
        longer = ended.get((cell.k, cell.m))
        # Demonstrations follow n: with any of them the prompts differ.
        if longer is not None and not cell.m and cell.n > 1 and longer.iterations < cell.n:
            yield replace(longer, allocation=cell, reused=True)
            continue
        answer = yield from _answer(gold, cell, config, context, quality)
        if cell.n > 1 and not answer.why:
            ended[cell.k, cell.m] = answer
        yield answer


def _answer(
    gold: GoldQuestion, cell: Allocation, config: IterDragConfig, context: ScalingContext, quality: QualityScore
) -> Generator[Progressed | Warned, None, CellAnswered]:
    question, settings = gold.question.strip(), config_of(cell, config)
    try:
        result, rationale = yield from ended(answered(question, settings, context))
        judged = yield from judge(Judged(question, result, rationale), settings, context, quality)
    except InUse:
        raise
    except InputError as err:
        return CellAnswered(
            gold.id, gold.kind, cell, None, False, False, 0.0, 0, 0, 0, 0, 0, 0, 0.0, why=str(err), question=question
        )  # fmt: skip
    return CellAnswered(
        gold.id,
        gold.kind,
        cell,
        result.answer,
        is_right(result.answer, gold),
        exact_match(result.answer, gold),
        f1(result.answer, gold),
        result.effective_context,
        result.output_tokens,
        result.n_calls,
        result.n_documents,
        result.n_demonstrations,
        result.n_iterations,
        result.latency_ms,
        judged.value,
        judged.tokens,
        question=question,
    )
