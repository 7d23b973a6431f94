"""What the index keeps of a log, whatever kind of work it is of, and whatever is wrong with it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.errors import EngineError
from engine.events import (
    DrafterMeasured,
    EvaluationMeasured,
    Event,
    RunFailed,
    RunFinished,
    ScalingMeasured,
    TextsRated,
    TrainingEstimated,
    TrainingFinished,
    TrainingStarted,
    WorkEnded,
    WorkStarted,
)
from engine.events.evaluation import Figures
from engine.events.scaling import SPECULATIVE, ContextPoint
from engine.runs.trace import FileJob
from engine.statistics import RatioEstimate
from engine.store.digest import Digest, Fold, digest
from tests import comparisons
from tests.engine.runs import stories
from tests.engine.store.kept import keep

UTC = "2026-01-01T00:00:00Z"
WORK = WorkStarted("0badcafe", "training", UTC, "forward-kl", "T", "/out", (), "cpu", "auto", "book.txt")
ESTIMATE = TrainingEstimated("T", "cpu", 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
STARTED = TrainingStarted("T", "/out", "reverse-kl", 1, 64, 10, 5, 1, 1000, 50, 0, "cpu", "float32", "book.txt")


def of(*events: Event) -> Digest:
    fold = Fold()
    for event in events:
        fold.take(event)
    return fold.digest()


def test_a_run_has_its_figures() -> None:
    kept = of(*stories.whole_run())
    assert (kept.kind, kept.method, kept.end, kept.n_tokens) == ("run", "speculative", "finished", 6)
    assert (kept.alpha, kept.tau, kept.speedup) == (0.6, 2.0, 2.0)
    assert "hi" in kept.words


def test_ratings_of_its_texts_are_counted() -> None:
    rated = TextsRated("r1", UTC, "plain", "gate 0.5", "tie", True)
    assert of(*stories.whole_run(), rated, rated).n_rated == 2
    assert of(*stories.whole_run()).n_rated == 0


@pytest.mark.parametrize(
    ("last", "end"),
    [(RunFinished("cancelled", 2), "stopped"), (RunFailed("no memory", "less"), "failed"), (None, "none")],
)
def test_the_end_of_a_run_is_told_by_its_last_event(last: Event | None, end: str) -> None:
    events = stories.whole_run()[:-1]
    assert of(*events, *([last] if last else [])).end == end


def test_a_comparison_has_the_figures_of_the_recommended_lane() -> None:
    kept = of(*comparisons.comparison())
    assert (kept.kind, kept.prompt, kept.end) == ("comparison", "builtin: 4 prompts", "finished")
    assert kept.drafter == "builtin:small, builtin, /models/other"
    assert (kept.alpha, kept.speedup, kept.tokens_per_s) == (0.8, 1.83, 183.0)
    assert "the harbour master" in kept.words


def test_a_comparison_that_was_stopped_is_no_finished_one() -> None:
    assert of(*comparisons.comparison(complete=False)).end == "none"
    assert of(*comparisons.comparison(complete=False), WorkEnded("stopped")).end == "stopped"


def test_a_training_has_its_objective_and_its_end() -> None:
    after = DrafterMeasured("after", 0.7, None, 0.6, 4, speedup=1.4)
    end = TrainingFinished("steps", "/out", 50, 40, 9000, 100.0, None, 60.0)
    kept = of(WORK, ESTIMATE, STARTED, after, end)
    assert (kept.kind, kept.method, kept.prompt, kept.drafter) == ("training", "reverse-kl", "book.txt", "/out")
    assert (kept.started_utc, kept.alpha, kept.speedup, kept.end) == (UTC, 0.7, 1.4, "finished")
    assert of(WORK, replace(end, stopped="user")).end == "stopped"
    assert of(WORK, replace(end, stopped="nan")).end == "failed"
    before = replace(after, when="before", alpha=0.0, speedup=None)
    assert of(WORK, STARTED, before, replace(end, stopped="user", alpha=0.4)).alpha == 0.4


def test_a_training_from_before_there_was_a_store_is_one_too() -> None:
    assert of(ESTIMATE).kind == "training"
    assert of(ESTIMATE, STARTED).method == "reverse-kl"


def test_an_evaluation_and_a_measurement_end_with_their_last_figures() -> None:
    start = replace(WORK, kind="evaluation", method="speculative_rag", subject="builtin")
    figures = Figures("builtin", 2, 1, {}, {}, None, {}, {}, {}, (), None, {})
    so_far = EvaluationMeasured("/answers.jsonl", figures, complete=False)
    assert (of(start, so_far).kind, of(start, so_far).end) == ("evaluation", "none")
    assert of(start, so_far, replace(so_far, complete=True)).end == "finished"
    point = ScalingMeasured(2, 8, 3, "cpu", "float32", complete=False)
    measurement = replace(WORK, kind="measurement", method="scaling")
    assert of(measurement, point).end == "none"
    assert of(measurement, replace(point, complete=True)).end == "finished"


def test_a_measurement_has_the_figures_of_its_first_context() -> None:
    times = {SPECULATIVE: RatioEstimate(4.0)}
    context = ContextPoint(16, 16, times, {}, RatioEstimate(1.1), RatioEstimate(1.3), 0.7, None, 2.5, None, None)
    measured = ScalingMeasured(2, 8, 3, "cpu", "float32", contexts=(context,))
    kept = of(replace(WORK, kind="measurement"), measured)
    assert (kept.alpha, kept.tau, kept.speedup, kept.tokens_per_s) == (0.7, 2.5, 1.3, 250.0)


def test_hostile_text_is_kept_as_one_short_line_of_text() -> None:
    start = replace(stories.started(), prompt="<script>\x1b[2J\0\n" * 10_000, target="../../etc", started_utc="<b>")
    kept = of(start)
    assert len(kept.prompt) <= 240
    assert kept.prompt.isprintable()
    assert kept.started_utc == ""
    assert len(kept.words) <= 4_000


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"x" * 17 * 2**20, b'{"event":"RunStarted"}\n', b"[]\n"])
def test_what_is_no_log_is_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_bytes(content)
    kept = digest(path)
    assert (kept.end, kept.n_tokens) == ("none", 0)
    assert "is not a Draftscope trace" in kept.damage


def test_a_torn_log_keeps_what_comes_before(tmp_path: Path) -> None:
    path = tmp_path / keep(tmp_path, stories.whole_run()) / "trace.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    kept = digest(path)
    assert (kept.end, kept.alpha) == ("none", 0.6)
    assert "was not finished" in kept.damage


def test_a_stop_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / keep(tmp_path, stories.whole_run()) / "trace.jsonl"
    job = FileJob()
    job.cancelled.set()
    with pytest.raises(EngineError, match="stopped"):
        digest(path, job)
