"""Asks one question of every system in turn and marks the answers; knows neither files nor other questions."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import get_args

from msgspec.structs import replace

from engine.errors import InputError
from engine.evaluation.file import DraftLine, Grid, QuestionLine, Scores, SystemAnswer
from engine.evaluation.questions import GoldQuestion, is_evidence, is_right
from engine.evaluation.turns import QuestionOutcome, ask_all, phases_ms, speculated
from engine.events.answers import Passage, QuestionAnswered, System
from engine.methods.speculative_rag import verifying
from engine.methods.speculative_rag.answering import Outcome
from engine.methods.speculative_rag.config import Deciding, SpeculativeRagConfig
from engine.methods.standard_rag.asking import AnswerContext

_ORDER: tuple[System, ...] = get_args(System)


def examine(
    asked: GoldQuestion, config: SpeculativeRagConfig, context: AnswerContext, *, turn: int, grid: Grid
) -> QuestionLine:
    """Ask every system; turn: which of them begins. A question that cannot be asked says why instead.

    The context's memo must be new: what was worked out before would count with the time it took then."""
    try:
        made = ask_all(asked.question.strip(), config, context, turn)
        cells = dict(_cells(asked, config, context, grid))
    except InputError as err:
        return QuestionLine(asked.id, asked.kind, asked.question, asked.answers, why=str(err))
    return _line(asked, made, cells)


def _line(asked: GoldQuestion, made: QuestionOutcome, cells: dict[str, float]) -> QuestionLine:
    subsets = made.outcome.partitioned.subsets
    evidence = [_has_evidence([made.passages[place] for place in subset], asked) for subset in subsets]
    ours = made.answers["speculative_rag"]
    return QuestionLine(
        asked.id,
        asked.kind,
        asked.question,
        asked.answers,
        found=_has_evidence(made.passages, asked),
        covered=None if None in evidence else any(evidence),
        winner=ours.winner,
        systems={name: _told(made.answers[name], asked) for name in _ORDER if name in made.answers},
        drafts=tuple(_drafts(asked, made.outcome, evidence)),
        phases_ms=phases_ms(made),
        cells=cells,
    )


def _has_evidence(passages: Sequence[Passage], asked: GoldQuestion) -> bool | None:
    return is_evidence([passage.name for passage in passages], [passage.text for passage in passages], asked)


def _told(one: QuestionAnswered, asked: GoldQuestion) -> SystemAnswer:
    return SystemAnswer(
        one.answer, is_right(one.answer, asked), one.latency_ms, one.ttft_ms, one.prefill_ms, one.decode_ms,
        one.target_tokens, one.drafter_tokens,
    )  # fmt: skip


def _drafts(asked: GoldQuestion, outcome: Outcome, evidence: Sequence[bool | None]) -> Iterator[DraftLine]:
    subsets = zip(outcome.partitioned.subsets, evidence, strict=True)
    drafted = zip(subsets, outcome.drafts, outcome.scores, outcome.judged, strict=True)
    for (subset, has_evidence), draft, score, judged in drafted:
        known = None
        if score is not None and judged is not None:
            logs = (judged.log_draft, judged.log_self_contain, judged.log_self_reflect, judged.log_score)
            known = Scores(*logs, score.log_yes - score.log_no)
        right = known is not None and is_right(draft.response, asked)
        yield DraftLine(subset, has_evidence, draft.rationale, draft.response, right, known)


def _cells(
    asked: GoldQuestion, config: SpeculativeRagConfig, context: AnswerContext, grid: Grid
) -> Iterator[tuple[str, float]]:
    """Each setting of the grid and how likely its answer is right; drafts and scores are made once."""
    for sampling, m, k in product(grid.samplings, grid.m, grid.k):
        chosen = replace(config, sampling=sampling, m=m, k=k)
        outcome = speculated(asked.question.strip(), chosen, context)
        right = [is_right(draft.response, asked) for draft in outcome.drafts]
        for deciding in (*get_args(Deciding), "random"):
            yield f"{sampling} m={m} k={k} {deciding}", _chance(outcome, right, chosen, deciding)


def _chance(outcome: Outcome, right: Sequence[bool], config: SpeculativeRagConfig, deciding: str) -> float:
    """1 or 0, as the chosen draft is; by chance, the share of right ones among those that can be chosen."""
    known = [
        (draft, score, one)
        for draft, score, one in zip(outcome.drafts, outcome.scores, right, strict=True)
        if score is not None
    ]
    if not known:
        return 0.0
    if deciding == "random":
        return sum(one for *_, one in known) / len(known)
    by = replace(config, scores=deciding)
    totals = [verifying.judge(draft, score, by).log_score for draft, score, _ in known]
    return float(known[totals.index(max(totals))][2])
