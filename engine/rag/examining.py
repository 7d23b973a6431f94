"""Asks one question of every system in turn and marks the answers; knows neither files nor other questions.

Where passages are clustered as in the paper, by vectors made anew for each question, Speculative RAG also answers from
clusters of the index's vectors, which cost nothing: what the encoding brings, and what it takes, stands beside it."""

from collections.abc import Generator, Iterator, Sequence
from itertools import product
from typing import Literal, NamedTuple, TypeAlias, TypeVar, get_args

from msgspec.structs import replace

from engine.answer_events import Passage, QuestionAnswered, System
from engine.errors import InputError
from engine.events import Event
from engine.methods.speculative_rag.config import Deciding, SpeculativeRagConfig
from engine.rag import scores
from engine.rag.answering import Outcome, answer, standard
from engine.rag.asking import Desk, retrieve
from engine.rag.drafting import batches_of, drafting_ms
from engine.rag.evaluation_file import DraftLine, Grid, QuestionLine, Scores, Told
from engine.rag.memo import Memo
from engine.rag.questions import Asked, is_evidence, is_right
from engine.rag.verifying import verifications_of

_Way: TypeAlias = Literal["speculative", "stored", "standard", "standard_speculative"]
_WAYS: tuple[_Way, ...] = get_args(_Way)
_ORDER: tuple[System, ...] = get_args(System)
Result = TypeVar("Result")


class _Answered(NamedTuple):
    """All that came of one question."""

    passages: tuple[Passage, ...]
    found_ms: float
    outcome: Outcome
    answers: dict[System, QuestionAnswered]


def examine(asked: Asked, config: SpeculativeRagConfig, desk: Desk, *, turn: int, grid: Grid) -> QuestionLine:
    """Ask every system; turn: which of them begins. A question that cannot be asked says why instead.

    The desk's memo must be new: what was worked out before would count with the time it took then."""
    plain = replace(config, baselines="none")
    try:
        made = _answered(asked, plain, desk, turn)
        cells = dict(_cells(asked, plain, desk, grid))
    except InputError as err:
        return QuestionLine(asked.id, asked.kind, asked.question, asked.answers, why=str(err))
    return _line(asked, made, cells)


def _answered(asked: Asked, config: SpeculativeRagConfig, desk: Desk, turn: int) -> _Answered:
    question = asked.question.strip()
    passages = _finished(retrieve(question, config, desk.rt, desk.library, desk.memo))
    answers: dict[System, QuestionAnswered] = {}
    outcome: Outcome | None = None
    ways = [way for way in _WAYS if way != "stored" or config.conditioning == "encoded"]
    for way in (ways[(turn + place) % len(ways)] for place in range(len(ways))):
        if way == "speculative":
            outcome = _outcome(question, config, desk)
            answers |= {one.system: one for one in outcome.answers}
        elif way == "stored":
            answers["speculative_rag_stored"] = _stored(question, config, desk)
        else:
            gamma = config.gamma if way == "standard_speculative" else 0
            steps = standard(question, passages, config, desk.rt, desk.library, desk.memo, gamma=gamma)
            told = _finished(steps).told
            answers[told.system] = told
    assert outcome is not None
    found = desk.memo.found.get((desk.library.key, question, config.n, config.retrieval))
    return _Answered(passages, found.ms if found is not None else 0.0, outcome, answers)


def _outcome(question: str, config: SpeculativeRagConfig, desk: Desk) -> Outcome:
    *_, last = answer(question, config, desk)
    assert isinstance(last, Outcome)
    return last


def _stored(question: str, config: SpeculativeRagConfig, desk: Desk) -> QuestionAnswered:
    """Its answer from clusters of stored vectors; with a new memo, as drafts it shared would count twice."""
    chosen, *_ = _outcome(question, replace(config, conditioning="stored"), desk._replace(memo=Memo())).answers
    return replace(chosen, system="speculative_rag_stored")


def _finished(steps: Generator[Event, None, Result]) -> Result:
    """What a generator returns, without what it yields."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result


def _line(asked: Asked, made: _Answered, cells: dict[str, float]) -> QuestionLine:
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
        phases_ms=_phases_ms(made),
        cells=cells,
    )


def _has_evidence(passages: Sequence[Passage], asked: Asked) -> bool | None:
    return is_evidence([passage.name for passage in passages], [passage.text for passage in passages], asked)


def _told(one: QuestionAnswered, asked: Asked) -> Told:
    return Told(
        one.answer, is_right(one.answer, asked), one.latency_ms, one.ttft_ms, one.prefill_ms, one.decode_ms,
        one.target_tokens, one.drafter_tokens,
    )  # fmt: skip


def _drafts(asked: Asked, outcome: Outcome, evidence: Sequence[bool | None]) -> Iterator[DraftLine]:
    subsets = zip(outcome.partitioned.subsets, evidence, strict=True)
    drafted = zip(subsets, outcome.drafts, outcome.scores, outcome.judged, strict=True)
    for (subset, has_evidence), draft, score, judged in drafted:
        known = None
        if score is not None and judged is not None:
            logs = (judged.log_draft, judged.log_self_contain, judged.log_self_reflect, judged.log_score)
            known = Scores(*logs, score.log_yes - score.log_no)
        right = known is not None and is_right(draft.response, asked)
        yield DraftLine(subset, has_evidence, draft.rationale, draft.response, right, known)


def _phases_ms(made: _Answered) -> dict[str, float]:
    """Where the time of Speculative RAG went."""
    batches, verifications = batches_of(made.outcome.drafts), verifications_of(made.outcome.scores)
    return {
        "retrieving": made.found_ms,
        "partitioning": made.outcome.partitioned.ms,
        "drafting": drafting_ms(batches),
        "verifying": sum(one.ms for one in verifications),
    }


def _cells(asked: Asked, config: SpeculativeRagConfig, desk: Desk, grid: Grid) -> Iterator[tuple[str, float]]:
    """Each setting of the grid and how likely its answer is right; drafts and scores are made once."""
    for sampling, m, k in product(grid.samplings, grid.m, grid.k):
        chosen = replace(config, sampling=sampling, m=m, k=k)
        outcome = _outcome(asked.question.strip(), chosen, desk)
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
    totals = [scores.judge(draft, score, by).log_score for draft, score, _ in known]
    return float(known[totals.index(max(totals))][2])
