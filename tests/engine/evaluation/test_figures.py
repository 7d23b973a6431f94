"""What lines come to: paired differences, whose fault it was, ablations, and what is fitted on one half only."""

import math

import pytest
from msgspec.structs import replace

from engine.evaluation.figures import figures
from engine.evaluation.file import DraftLine, EvaluationHead, Grid, QuestionLine, Scores, SystemAnswer
from engine.evaluation.held_out import held_out

HEAD = EvaluationHead("builtin", "builtin", 9, "q", "d", {"seed": 1}, {}, {}, {}, Grid())


def told(right: bool, ms: float) -> SystemAnswer:
    return SystemAnswer("x", right, ms, ms, ms / 2, ms / 2, 10, 20)


def draft(right: bool, odds: float = 0.0, total: float = -1.0) -> DraftLine:
    return DraftLine((0, 1), right, "so", "x", right, Scores(-1.0, total, -1.0, total - 2.0, odds))


def line(
    n: int, ours: bool, plain: bool, *drafts: DraftLine, found: bool | None = True, covered: bool | None = True
) -> QuestionLine:
    return QuestionLine(
        f"q{n}", "ab"[n % 2], "?", ("x",), found=found, covered=covered, winner=0,
        systems={"speculative_rag": told(ours, 50.0 + n), "standard_rag": told(plain, 100.0)}, drafts=drafts,
        phases_ms={"drafting": float(n)}, cells={"own": float(ours), "other": 0.5},
    )  # fmt: skip


def test_accuracy_and_time_are_compared_question_by_question() -> None:
    found = figures(HEAD, [line(i, i != 0, i > 2) for i in range(10)])
    ours, plain = found.systems["speculative_rag"], found.systems["standard_rag"]
    assert (ours.accuracy, plain.accuracy) == (9 / 10, 7 / 10)
    assert ours.accuracy_difference == pytest.approx(2 / 10)
    assert ours.accuracy_difference_ci is not None
    assert ours.accuracy_difference_ci.low < 2 / 10 < ours.accuracy_difference_ci.high
    assert ours.accuracy_ci is not None and ours.accuracy_ci.low < 9 / 10 < ours.accuracy_ci.high
    assert ours.latency_cut == pytest.approx(1 - 54.5 / 100) and ours.latency_cut_ci is not None
    assert ours.latency_cut == pytest.approx(1 - ours.latency_ms / plain.latency_ms)
    assert plain.latency_cut is plain.accuracy_difference is None
    assert {kind: one.n for kind, one in found.kinds.items()} == {"a": 5, "b": 5}
    assert found.phases_ms == {"drafting": 4.5}


def test_below_ten_questions_there_is_a_range_and_no_interval() -> None:
    ours = figures(HEAD, [line(i, i != 0, i > 2) for i in range(9)]).systems["speculative_rag"]
    assert ours.accuracy_ci is ours.accuracy_difference_ci is ours.latency_ci is ours.latency_cut_ci is None
    assert ours.latency_cut_range == pytest.approx((0.42, 0.5))


def test_no_answer_is_counted_and_saves_no_time() -> None:
    nothing = SystemAnswer(None, False, 1.0, 1.0, 0.5, 0.5, 10, 20)
    silent = [replace(one, systems={**one.systems, "speculative_rag": nothing}) for one in map(_any_line, range(12))]
    ours = figures(HEAD, silent).systems["speculative_rag"]
    assert (ours.latency_cut, ours.latency_cut_ci, ours.latency_cut_range) == (None, None, None)
    assert (ours.n_no_answer, ours.accuracy) == (12, 0.0)
    some = figures(HEAD, [*silent[:6], *map(_any_line, range(6, 12))]).systems["speculative_rag"]
    assert some.latency_cut == pytest.approx(1 - 58.5 / 100)
    assert some.n_no_answer == 6


def _any_line(n: int) -> QuestionLine:
    return line(n, True, True)


def test_each_wrong_answer_has_one_part_at_fault() -> None:
    right, wrong = draft(True), draft(False)
    lines = [
        line(0, False, False, right, found=False),
        line(1, False, True, right, wrong, covered=False),
        line(2, False, False, wrong, covered=False),
        line(3, False, True, wrong),
        line(4, True, True, right),
        line(5, False, True, wrong, found=None, covered=None),
    ]
    assert [one.fault for one in lines] == ["retrieval", "score", "partition", "draft", None, "draft"]
    found = figures(HEAD, lines)
    assert found.faults == {"retrieval": 1, "partition": 1, "draft": 2, "score": 1}
    assert found.standard_faults == {"retrieval": 1, "reading": 1}
    assert found.evidence is not None and found.evidence.found == pytest.approx(4 / 5)
    assert found.evidence.draft_right == pytest.approx(3 / 6)
    assert (found.evidence.right_with, found.evidence.right_without) == (1.0, 0.0)


def test_ablations_differ_from_the_evaluations_own_settings() -> None:
    found = figures(HEAD, [line(i, i < 9, True) for i in range(12)]).ablation
    assert [cell.setting for cell in found] == ["own", "other"]
    assert (found[0].difference, found[1].difference) == (0.0, pytest.approx(-0.25))
    assert found[1].difference_ci is not None and found[1].difference_ci.low < -0.25 < found[1].difference_ci.high


def test_figures_on_the_way_leave_out_the_intervals_of_kinds_and_ablations_alone() -> None:
    lines = [line(i, i < 6, i > 2) for i in range(8)]
    found, whole = figures(HEAD, lines, complete=False), figures(HEAD, lines)
    assert found.systems == whole.systems
    cells = [(cell.accuracy, cell.difference) for cell in found.ablation]
    assert cells == [(cell.accuracy, cell.difference) for cell in whole.ablation]
    assert {cell.accuracy_ci or cell.difference_ci for cell in found.ablation} == {None}
    ours = found.kinds["a"].systems["speculative_rag"]
    assert ours.accuracy == whole.kinds["a"].systems["speculative_rag"].accuracy
    assert ours.accuracy_difference_ci is ours.latency_ci is ours.latency_cut_ci is None


def test_questions_that_could_not_be_asked_are_named_and_not_counted() -> None:
    bad = QuestionLine("q9", "a", "?", ("x",), why="too long; shorten it")
    found = figures(HEAD, [line(0, True, True), bad])
    assert (found.n_answered, found.failed) == (1, {"q9": "too long; shorten it"})
    empty = figures(HEAD, [bad])
    assert (empty.n_answered, empty.systems, empty.evidence) == (0, {}, None)


def asked(n: int) -> list[QuestionLine]:
    """Right drafts with odds of 2, wrong ones with odds of -1; one in five is the other way round."""
    lines = []
    for i in range(n):
        lucky = i % 5 == 0
        good, bad = draft(True, -1.0 if lucky else 2.0, -2.0), draft(False, 2.0 if lucky else -1.0, -1.0)
        lines.append(line(i, True, True, good, bad))
    return lines


def test_temperature_and_weights_are_measured_on_questions_they_were_not_fitted_on() -> None:
    found = held_out(asked(80))
    assert found is not None and found.weights is not None
    assert found.n + found.n_held_out == 160
    assert found.ece_after < found.ece_before or math.isclose(found.temperature, 1.0, abs_tol=0.2)
    assert sum(one.n for one in found.bins_before) == sum(one.n for one in found.bins_after) == found.n_held_out
    assert found.weights.accuracy == 1.0 and found.weights.product_accuracy == 0.0
    assert found.weights.difference == 1.0


def test_nothing_is_fitted_on_few_drafts_or_on_all_right_ones() -> None:
    assert held_out(asked(4)) is None
    assert held_out([line(i, True, True, draft(True)) for i in range(40)]) is None
    assert held_out([]) is None


def test_questions_without_a_known_answer_have_times_and_no_marks() -> None:
    lines = [replace(line(i, False, i > 2), answers=()) if i < 4 else line(i, True, i > 5) for i in range(12)]
    found = figures(HEAD, lines)
    ours = found.systems["speculative_rag"]
    assert (found.n_answered, found.n_scored, ours.accuracy) == (12, 8, 1.0)
    assert ours.accuracy_difference == pytest.approx(2 / 8) and ours.latency_ms == 55.5
    assert sum(found.faults.values()) == 0
    bare = figures(HEAD, [replace(one, answers=()) for one in lines])
    ours = bare.systems["speculative_rag"]
    assert (bare.n_scored, ours.accuracy, ours.f1, ours.accuracy_difference) == (0, None, None, None)
    assert bare.calibration is None and bare.ablation == () and ours.latency_cut is not None
