"""Sums up the lines of an evaluation: accuracy, latency, faults, ablation, each with its interval.

* imports neither Qt nor torch."""

from collections import Counter
from collections.abc import Sequence
from statistics import fmean, median
from typing import get_args

from engine.evaluation.file import EvaluationHead, Fault, QuestionLine, SystemAnswer
from engine.evaluation.held_out import held_out
from engine.events.answers import System
from engine.events.evaluation import CellFigures, Evidence, Figures, KindFigures, SystemFigures
from engine.statistics import (
    FEWEST_FOR_INTERVAL,
    Interval,
    RatioEstimate,
    UnitTime,
    gain_interval,
    median_interval,
    share_saved,
    speedup,
    wilson_interval,
)

BASELINE: System = "standard_rag"


def figures(head: EvaluationHead, lines: Sequence[QuestionLine], *, complete: bool = True) -> Figures:
    """Sum up the questions answered so far; complete: also with the intervals of kinds and ablations, which take
    several times as long as everything else."""
    answered = [line for line in lines if not line.why]
    overall = _kind_figures(answered, with_intervals=True)
    kinds = sorted({line.kind for line in answered})
    return Figures(
        head.dataset,
        head.n_questions,
        len(answered),
        {line.id: line.why for line in lines if line.why},
        overall.systems,
        overall.evidence if answered else None,
        overall.faults,
        overall.standard_faults,
        {
            kind: _kind_figures([line for line in answered if line.kind == kind], with_intervals=complete)
            for kind in kinds
        },
        _ablation(_scored(answered), with_intervals=complete),
        held_out(_scored(answered)),
        _phases(answered),
        len(_scored(answered)),
    )


def _phases(lines: Sequence[QuestionLine]) -> dict[str, float]:
    """The median time of each phase over the questions."""
    names = tuple(lines[0].phases_ms) if lines else ()
    return {phase: median(line.phases_ms[phase] for line in lines) for phase in names}


def _kind_figures(lines: Sequence[QuestionLine], *, with_intervals: bool) -> KindFigures:
    """Sum up the questions of a kind; with_intervals: also those of latencies and differences."""
    names = tuple(lines[0].systems) if lines else ()
    systems = {name: _system(name, lines, with_intervals) for name in names}
    scored = _scored(lines)
    return KindFigures(len(lines), systems, _evidence(scored), _faults(scored), _standard_faults(scored), len(scored))


def _scored(lines: Sequence[QuestionLine]) -> list[QuestionLine]:
    """The questions whose answers are known."""
    return [line for line in lines if line.is_scored]


def _system(name: System, lines: Sequence[QuestionLine], with_intervals: bool) -> SystemFigures:
    answers = [line.systems[name] for line in lines]
    plain = [line.systems[BASELINE] for line in lines]
    scored = [line.systems[name] for line in _scored(lines)]
    gains = [float(line.systems[name].right) - line.systems[BASELINE].right for line in _scored(lines)]
    compared, has_gains = name != BASELINE, name != BASELINE and bool(scored)
    latencies = tuple(answer.latency_ms for answer in answers)
    cut, cut_ci, cut_range = _cut(plain, answers, with_intervals)
    return SystemFigures(
        accuracy=_share([answer.right for answer in scored]),
        accuracy_ci=_share_interval([answer.right for answer in scored]),
        accuracy_difference=fmean(gains) if has_gains else None,
        accuracy_difference_ci=gain_interval(gains) if has_gains and with_intervals else None,
        latency_ms=median(latencies),
        latency_ci=median_interval(latencies) if with_intervals else None,
        latency_cut=cut if compared else None,
        latency_cut_ci=cut_ci if compared else None,
        latency_cut_range=cut_range if compared else None,
        n_no_answer=sum(not answer.answer for answer in answers),
        exact=_share([answer.exact for answer in scored]),
        exact_ci=_share_interval([answer.exact for answer in scored]),
        f1=_share([answer.f1 for answer in scored]),
        effective_context=fmean(answer.effective_context for answer in answers),
        output_tokens=fmean(answer.output_tokens for answer in answers),
        retrieving_ms=fmean(answer.retrieving_ms for answer in answers),
        n_iterations=fmean(answer.n_iterations for answer in answers),
        cached_tokens=fmean(answer.cached_tokens for answer in answers),
        **_medians(answers),
        target_tokens=fmean(answer.target_tokens for answer in answers),
        drafter_tokens=fmean(answer.drafter_tokens for answer in answers),
    )


def _medians(answers: Sequence[SystemAnswer]) -> dict[str, float]:
    return {
        "ttft_ms": median(answer.ttft_ms for answer in answers),
        "prefill_ms": median(answer.prefill_ms for answer in answers),
        "decode_ms": median(answer.decode_ms for answer in answers),
    }


def _cut(
    plain: Sequence[SystemAnswer], answers: Sequence[SystemAnswer], with_intervals: bool
) -> tuple[float | None, Interval | None, Interval | None]:
    """The share of standard RAG's median latency that is saved, over the questions that both answered; no answer saves
    nothing, however soon it came."""
    pairs = [(a.latency_ms, b.latency_ms) for a, b in zip(plain, answers, strict=True) if a.answer and b.answer]
    if not pairs:
        return None, None, None
    plain_ms, ms = zip(*pairs, strict=True)
    if not with_intervals:
        return share_saved(RatioEstimate(median(plain_ms) / median(ms)))
    return share_saved(speedup([UnitTime(tuple(plain_ms), 1)], [UnitTime(tuple(ms), 1)]))


def _share_interval(marks: Sequence[bool | float]) -> Interval | None:
    """Interval of the share of marks that are true; None below ten."""
    return wilson_interval(fmean(marks), len(marks)) if len(marks) >= FEWEST_FOR_INTERVAL else None


def _evidence(lines: Sequence[QuestionLine]) -> Evidence:
    drafts = [draft for line in lines for draft in line.drafts]
    return Evidence(
        _share([line.found for line in lines if line.found is not None]),
        _share([line.covered for line in lines if line.covered is not None]),
        _share([any(draft.right for draft in line.drafts) for line in lines]),
        _share([draft.right for draft in drafts if draft.evidence is True]),
        _share([draft.right for draft in drafts if draft.evidence is False]),
    )


def _share(marks: Sequence[bool | float]) -> float | None:
    return fmean(marks) if marks else None


def _faults(lines: Sequence[QuestionLine]) -> dict[str, int]:
    counts = Counter(line.fault for line in lines)
    return {fault: counts[fault] for fault in get_args(Fault)}


def _standard_faults(lines: Sequence[QuestionLine]) -> dict[str, int]:
    """Wrong answers of standard RAG: the evidence was not among its passages, or it read them wrongly."""
    wrong = [line for line in lines if not line.systems[BASELINE].right]
    n_missing = sum(line.found is False for line in wrong)
    return {"retrieval": n_missing, "reading": len(wrong) - n_missing}


def _ablation(lines: Sequence[QuestionLine], *, with_intervals: bool) -> tuple[CellFigures, ...]:
    """The ablations in the order they were run in."""
    settings = tuple(lines[0].cells) if lines else ()
    own = [float(line.systems["speculative_rag"].right) for line in lines]
    return tuple(_cell(setting, [line.cells[setting] for line in lines], own, with_intervals) for setting in settings)


def _cell(setting: str, right: Sequence[float], own: Sequence[float], with_intervals: bool) -> CellFigures:
    gains = [a - b for a, b in zip(right, own, strict=True)]
    accuracy_ci, gain_ci = (_share_interval(right), gain_interval(gains)) if with_intervals else (None, None)
    return CellFigures(setting, fmean(right), accuracy_ci, fmean(gains), gain_ci)
