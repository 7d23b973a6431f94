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
from engine.statistics import Interval, median_interval, ratio_interval, wilson_interval

BASELINE: System = "standard_rag"


def figures(head: EvaluationHead, lines: Sequence[QuestionLine], *, complete: bool = True) -> Figures:
    """Sum up the questions answered so far; complete: also with bootstrap intervals of kinds and ablations.

    These take several times as long as everything else."""
    answered = [line for line in lines if not line.why]
    overall = _kind_figures(answered, bootstrapped=True)
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
            kind: _kind_figures([line for line in answered if line.kind == kind], bootstrapped=complete)
            for kind in kinds
        },
        _ablation(answered, bootstrapped=complete),
        held_out(answered),
        _phases(answered),
    )


def _phases(lines: Sequence[QuestionLine]) -> dict[str, float]:
    """The median time of each phase over the questions."""
    names = tuple(lines[0].phases_ms) if lines else ()
    return {phase: median(line.phases_ms[phase] for line in lines) for phase in names}


def _kind_figures(lines: Sequence[QuestionLine], *, bootstrapped: bool) -> KindFigures:
    """Sum up the questions of a kind; bootstrapped: with bootstrap intervals."""
    names = tuple(lines[0].systems) if lines else ()
    systems = {name: _system(name, lines, bootstrapped) for name in names}
    return KindFigures(len(lines), systems, _evidence(lines), _faults(lines), _standard_faults(lines))


def _system(name: System, lines: Sequence[QuestionLine], bootstrapped: bool) -> SystemFigures:
    answers = [line.systems[name] for line in lines]
    plain = [line.systems[BASELINE] for line in lines]
    accuracy = fmean(answer.right for answer in answers)
    gains = [float(a.right) - b.right for a, b in zip(answers, plain, strict=True)]
    cuts = [1 - a.latency_ms / b.latency_ms for a, b in zip(answers, plain, strict=True)]
    compared = name != BASELINE
    latencies = [answer.latency_ms for answer in answers]
    return SystemFigures(
        accuracy=accuracy,
        accuracy_ci=wilson_interval(accuracy, len(answers)),
        accuracy_difference=fmean(gains) if compared else None,
        accuracy_difference_ci=_mean_interval(gains) if compared and bootstrapped else None,
        latency_ms=median(latencies),
        latency_ci=median_interval(latencies) if bootstrapped else None,
        latency_cut=median(cuts) if compared else None,
        latency_cut_ci=median_interval(cuts) if compared and bootstrapped else None,
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


def _mean_interval(values: Sequence[float]) -> Interval | None:
    """Bootstrap interval of the mean; None below 2 values."""
    return ratio_interval(values, [1.0] * len(values), [1] * len(values))


def _evidence(lines: Sequence[QuestionLine]) -> Evidence:
    drafts = [draft for line in lines for draft in line.drafts]
    return Evidence(
        _share([line.found for line in lines if line.found is not None]),
        _share([line.covered for line in lines if line.covered is not None]),
        _share([any(draft.right for draft in line.drafts) for line in lines]),
        _share([draft.right for draft in drafts if draft.evidence is True]),
        _share([draft.right for draft in drafts if draft.evidence is False]),
    )


def _share(marks: Sequence[bool]) -> float | None:
    return fmean(marks) if marks else None


def _faults(lines: Sequence[QuestionLine]) -> dict[str, int]:
    counts = Counter(line.fault for line in lines)
    return {fault: counts[fault] for fault in get_args(Fault)}


def _standard_faults(lines: Sequence[QuestionLine]) -> dict[str, int]:
    """Wrong answers of standard RAG: the evidence was not among its passages, or it read them wrongly."""
    wrong = [line for line in lines if not line.systems[BASELINE].right]
    n_missing = sum(line.found is False for line in wrong)
    return {"retrieval": n_missing, "reading": len(wrong) - n_missing}


def _ablation(lines: Sequence[QuestionLine], *, bootstrapped: bool) -> tuple[CellFigures, ...]:
    """The ablations in the order they were run in."""
    settings = tuple(lines[0].cells) if lines else ()
    own = [float(line.systems["speculative_rag"].right) for line in lines]
    return tuple(_cell(setting, [line.cells[setting] for line in lines], own, bootstrapped) for setting in settings)


def _cell(setting: str, right: Sequence[float], own: Sequence[float], bootstrapped: bool) -> CellFigures:
    gains = [a - b for a, b in zip(right, own, strict=True)]
    accuracy_ci, gain_ci = (_mean_interval(right), _mean_interval(gains)) if bootstrapped else (None, None)
    return CellFigures(setting, fmean(right), accuracy_ci, fmean(gains), gain_ci)
