"""Asks one question of every system in turn, and marks the answers."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import get_args

from msgspec.structs import replace

from engine.errors import InputError
from engine.evaluation.file import DraftLine, Grid, QuestionLine, Scores, SystemAnswer
from engine.evaluation.questions import GoldQuestion, exact_match, f1, is_evidence, is_right
from engine.evaluation.turns import QuestionOutcome, ScalingSystems, ask_all, phases_ms, speculated
from engine.events.answers import Passage, System
from engine.methods.speculative_rag import verifying
from engine.methods.speculative_rag.answering import Outcome
from engine.methods.speculative_rag.config import Deciding, SpeculativeRagConfig
from engine.methods.standard_rag.asking import AnswerContext

_ORDER: tuple[System, ...] = get_args(System)


def examine(
    gold: GoldQuestion, config: SpeculativeRagConfig, context: AnswerContext, *, turn: int, grid: Grid,
    scaling: ScalingSystems | None = None,
) -> QuestionLine:  # fmt: skip
    """Ask every system; turn: which of them begins; scaling: asks DRAG and its like too.

    The line of a question that cannot be asked says why.
    The context's memo must be new: reused results would count with the time they took when they were computed."""
    try:
        results = ask_all(gold.question.strip(), config, context, turn, scaling=scaling)
        cells = dict(_cells(gold, config, context, grid))
    except InputError as err:
        return QuestionLine(gold.id, gold.kind, gold.question, gold.answers, why=str(err))
    return _line(gold, results, cells)


def _line(gold: GoldQuestion, results: QuestionOutcome, cells: dict[str, float]) -> QuestionLine:
    subsets = results.outcome.partitioned.subsets
    evidence = [_has_evidence([results.passages[place] for place in subset], gold) for subset in subsets]
    chosen = results.answers["speculative_rag"]
    return QuestionLine(
        gold.id,
        gold.kind,
        gold.question,
        gold.answers,
        found=_has_evidence(results.passages, gold),
        covered=None if None in evidence else any(evidence),
        winner=chosen.winner,
        systems={name: _system_answer(name, results, gold) for name in _ORDER if name in results.answers},
        drafts=tuple(_drafts(gold, results.outcome, evidence)),
        phases_ms=phases_ms(results),
        cells=cells,
    )


def _has_evidence(passages: Sequence[Passage], gold: GoldQuestion) -> bool | None:
    return is_evidence([passage.name for passage in passages], [passage.text for passage in passages], gold)


def _system_answer(name: System, results: QuestionOutcome, gold: GoldQuestion) -> SystemAnswer:
    answered = results.answers[name]
    scaled, standard = results.scaled.get(name), results.standards.get(name)
    n_read = len(standard.prompt.encoded.ids) if standard is not None else answered.target_tokens
    n_written = len(standard.ids) if standard is not None else 0
    return SystemAnswer(
        answered.answer, is_right(answered.answer, gold), answered.latency_ms, answered.ttft_ms, answered.prefill_ms,
        answered.decode_ms, answered.target_tokens, answered.drafter_tokens,
        exact=exact_match(answered.answer, gold),
        f1=f1(answered.answer, gold),
        effective_context=n_read if scaled is None else scaled.effective_context,
        output_tokens=n_written if scaled is None else scaled.output_tokens,
        retrieving_ms=results.found_ms if scaled is None else scaled.retrieving_ms,
        n_iterations=0 if scaled is None else scaled.n_iterations,
        cached_tokens=0 if scaled is None else scaled.cached_tokens,
    )  # fmt: skip


def _drafts(gold: GoldQuestion, outcome: Outcome, evidence: Sequence[bool | None]) -> Iterator[DraftLine]:
    subsets = zip(outcome.partitioned.subsets, evidence, strict=True)
    rows = zip(subsets, outcome.drafts, outcome.scores, outcome.judged, strict=True)
    for (subset, has_evidence), draft, score, judged in rows:
        scores = None
        if score is not None and judged is not None:
            logs = (judged.log_draft, judged.log_self_contain, judged.log_self_reflect, judged.log_score)
            scores = Scores(*logs, score.log_yes - score.log_no)
        right = scores is not None and is_right(draft.response, gold)
        yield DraftLine(subset, has_evidence, draft.rationale, draft.response, right, scores)


def _cells(
    gold: GoldQuestion, config: SpeculativeRagConfig, context: AnswerContext, grid: Grid
) -> Iterator[tuple[str, float]]:
    """Each setting of the grid and how likely its answer is right; settings share drafts and scores."""
    for sampling, m, k in product(grid.samplings, grid.m, grid.k):
        cell_config = replace(config, sampling=sampling, m=m, k=k)
        outcome = speculated(gold.question.strip(), cell_config, context)
        right = [is_right(draft.response, gold) for draft in outcome.drafts]
        for deciding in (*get_args(Deciding), "random"):
            yield f"{sampling} m={m} k={k} {deciding}", _chance(outcome, right, cell_config, deciding)


def _chance(outcome: Outcome, right: Sequence[bool], config: SpeculativeRagConfig, deciding: str) -> float:
    """1 if the chosen draft is right, else 0; for a random choice, the share of right ones among complete drafts."""
    candidates = [
        (draft, score, correct)
        for draft, score, correct in zip(outcome.drafts, outcome.scores, right, strict=True)
        if score is not None
    ]
    if not candidates:
        return 0.0
    if deciding == "random":
        return sum(correct for *_, correct in candidates) / len(candidates)
    cell_config = replace(config, scores=deciding)
    totals = [verifying.judge(draft, score, cell_config).log_score for draft, score, _ in candidates]
    return float(candidates[totals.index(max(totals))][2])
