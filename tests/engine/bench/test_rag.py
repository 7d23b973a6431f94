"""The bench of Speculative RAG against standard RAG: counts that are kept, turns that are paired, what is refused."""

import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest
import torch

from engine import prompts
from engine.bench import rag, rag_figures, rag_workload
from engine.bench.rag import RagBench, RagBenchTask
from engine.bench.rag_figures import Turn
from engine.bench.rag_workload import WorkloadCounts, needed_bytes, workload
from engine.cli import main
from engine.events import Event
from engine.events.answers import CostPredicted, CostTerm, QuestionAnswered, System
from engine.models import checkpoint_folder, checks, devices, load_plan, loading
from engine.rag.encoding import encode
from engine.rag.values import DraftBatch, Lengths, Verification

COUNTS = WorkloadCounts(n=5, m=3, k=2, gamma=3, question=9, lengths=Lengths(6, 3))
PAIR = ["--target", "timing:tiny", "--drafter", "timing:tiny-draft"]
SMALL = ["bench", "rag", "--device", "cpu", "--n", "5", "--m", "3", "--question-tokens", "9", "--rationale-tokens", "6",
         "--answer-tokens", "3", "--repeats", "3", "--json"]  # fmt: skip


def task(device: str = "cpu", passages: tuple[int, ...] = (12, 24)) -> RagBenchTask:
    return RagBenchTask("timing:tiny", "timing:tiny-draft", torch.device(device), "auto", COUNTS, passages, 3)


def measured(asked: RagBenchTask) -> list[RagBench]:
    return [item for item in rag.bench(asked) if isinstance(item, RagBench)]


@pytest.fixture(scope="module")
def told() -> list[RagBench]:
    return measured(task())


def test_every_row_is_told_as_soon_as_it_is_there(told: list[RagBench]) -> None:
    assert [(len(found.rows), found.complete) for found in told] == [(1, False), (2, True)]
    assert [row.passage_tokens for row in told[-1].rows] == [12, 24]
    assert told[0].rows[0] == told[1].rows[0]
    assert "random weights" in told[-1].note
    assert {row.why_not for row in told[-1].rows} == {""}


def test_every_system_processes_the_counts_that_were_asked_for(told: list[RagBench]) -> None:
    tokenizer = checks.read_tokenizer(checkpoint_folder.inspect("timing:tiny"))
    reflection = encode(prompts.reflection("", "", "", True), tokenizer).ids
    for row in told[-1].rows:
        work = workload(tokenizer, row.passage_tokens, COUNTS)
        ours, plain = row.systems["speculative_rag"], row.systems["standard_rag"]
        assert row.prompt_tokens["standard_rag"] == work.n_standard > COUNTS.n * row.passage_tokens
        assert plain.target_tokens == work.n_standard + COUNTS.answer
        assert ours.drafter_tokens == row.prompt_tokens["drafts"] + COUNTS.m * sum(COUNTS.lengths)
        assert ours.target_tokens == row.prompt_tokens["verification"]
        assert COUNTS.m * sum(COUNTS.lengths) < ours.target_tokens < COUNTS.m * (work.n_reflection + len(reflection))
        assert row.rounds["standard_rag"] == COUNTS.answer
        assert row.rounds["drafting"] <= sum(COUNTS.lengths)


def test_systems_are_compared_with_plain_and_with_speculated_standard_rag(told: list[RagBench]) -> None:
    row = told[-1].rows[-1]
    not_timed = {
        "random_choice",
        "speculative_rag_stored",
        "zero_shot",
        "many_shot",
        "drag",
        "iterdrag",
        "iterdrag_popular",
    }
    assert set(row.systems) == set(get_args(System)) - not_timed
    assert [name for name, one in row.systems.items() if one.latency_cut is None] == ["standard_rag"]
    assert [name for name, one in row.systems.items() if one.cut_to_speculated is None] == ["standard_rag_speculative"]
    assert row.systems["speculative_rag"].latency_cut_range is not None
    assert set(row.costs) == {"speculative_rag", "standard_rag"}
    assert row.costs["standard_rag"].terms[0].n_tokens == row.prompt_tokens["standard_rag"]
    assert {name.removeprefix("standard_rag_") for name in row.phases_ms} == {
        "partitioning", "drafting_prefill", "drafting_decode", "verifying", "prefill", "decode", "speculative_prefill",
        "speculative_decode",
    }  # fmt: skip


def turn(ours: float, plain: float) -> Turn:
    made: dict[System, float] = {
        "speculative_rag": ours, "drafter_alone": ours / 2, "standard_rag": plain, "standard_rag_speculative": 8.0,
    }  # fmt: skip
    answers = {name: QuestionAnswered(name, "", "", None, None, ms, 0.0, 0.0, ms, 10, 20) for name, ms in made.items()}
    costs = [CostPredicted("speculative_rag", (CostTerm("reads", 4, ours),), ours / 4, ours)]
    return Turn(answers, {"verifying": 1.0}, {}, DraftBatch(1, 1.0, 1.0, 6, 4, 2), Verification(1, 1.0, 7), costs)


def test_cut_is_what_the_latencies_side_by_side_tell() -> None:
    found = rag_figures.row(100, 50, [turn(2.0, 10.0), turn(9.0, 10.0), turn(30.0, 100.0)], None)
    ours = found.systems["speculative_rag"]
    assert ours.latency_cut == pytest.approx(1 - 9 / 10)
    assert (ours.latency_cut_ci, ours.latency_cut_range) == (None, pytest.approx((0.1, 0.8)))
    assert ours.cut_to_speculated == pytest.approx(1 - 9 / 8)
    assert ours.latency_ms == 9.0
    assert found.costs["speculative_rag"].over_measured == pytest.approx(0.25)
    assert found.prompt_tokens == {"standard_rag": 50, "drafts": 6, "verification": 7}


def test_no_answer_has_no_cut_and_the_table_says_so() -> None:
    silent = turn(2.0, 10.0)
    nothing = msgspec.structs.replace(silent.answers["speculative_rag"], answer=None, rationale=None)
    row = rag_figures.row(
        100, 50, [turn(2.0, 10.0), silent._replace(answers={**silent.answers, "speculative_rag": nothing})], None
    )
    ours = row.systems["speculative_rag"]
    assert (ours.latency_cut, ours.latency_cut_range, ours.cut_to_speculated) == (None, None, None)
    assert row.systems["drafter_alone"].latency_cut is not None
    phases = {"drafting_prefill": 1.0, "drafting_decode": 1.0, "verifying": 1.0}
    lines = rag_figures.table([msgspec.structs.replace(row, phases_ms=phases)])
    assert lines[1][4] == lines[1][6] == "no answer"


def test_first_turn_is_not_counted_and_another_system_begins_each(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    ask_all = rag.ask_all

    def noted(question: object, config: object, context: object, turn: int) -> object:
        asked.append((turn, len(context.memo.drafts)))  # type: ignore[attr-defined]
        return ask_all(question, config, context, turn)  # type: ignore[arg-type]

    monkeypatch.setattr(rag, "ask_all", noted)
    measured(task(passages=(12,)))
    assert asked == [(0, 0), (0, 0), (1, 0), (2, 0)]


def test_row_for_which_memory_runs_out_says_so_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rag._turn

    def fails(context: object, work: object, *others: object) -> object:
        if work.n_passage == 12:  # type: ignore[attr-defined]
            raise torch.OutOfMemoryError("full")
        return whole(context, work, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(rag, "_turn", fails)
    first, second = measured(task())[-1].rows
    assert "memory ran out during passages of 12 tokens" in first.why_not
    assert (first.systems, second.why_not) == ({}, "")
    assert "memory ran out" in rag_figures.table([first, second])[1][-1]


def test_what_does_not_fit_is_refused_before_a_model_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(*_: object) -> None:
        raise AssertionError("a model was made")

    monkeypatch.setattr(loading, "load_pair", made)
    monkeypatch.setattr(devices, "free_bytes", lambda device: 70 * 2**30)
    large = [*SMALL, "--target", "timing:qwen2.5-32b", "--drafter", "timing:qwen2.5-7b", "--dtype", "bfloat16"]
    assert main(large) == 2
    err = capsys.readouterr().err
    assert "GiB are needed, 70.0 GiB are free on cpu" in err
    assert "smaller models" in err
    assert err.count("\n") == 1


def test_caches_and_both_models_are_counted() -> None:
    checkpoint, small = (
        checkpoint_folder.inspect("timing:qwen2.5-32b"),
        checkpoint_folder.inspect("timing:qwen2.5-7b", drafter=True),
    )
    cpu = torch.device("cpu")
    planned = load_plan.plan(checkpoint, small, cpu, cpu, "bfloat16")
    tokenizer = checks.read_tokenizer(checkpoint)
    less, more = (needed_bytes(workload(tokenizer, n, COUNTS), COUNTS, planned) for n in (100, 300))
    assert less > 2 * (checkpoint.n_parameters + small.n_parameters)
    a_token = 2 * 2 * 64 * 8 * 128
    assert more - less > COUNTS.n * 200 * a_token


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([*PAIR, "--repeats", "2"], "repeats = 2: must be >= 3"),
        ([*PAIR, "--rationale-tokens", "0"], "rationale-tokens = 0"),
        ([*PAIR, "--n", "0"], "n = 0"),
        ([*PAIR, "--passage-tokens", "12,much"], "not a list of whole numbers"),
        ([*PAIR, "--m", "7"], "6 distinct subsets, m = 7 drafts need as many"),
        ([*PAIR, "--k", "6"], "0 distinct subsets"),
        ([*PAIR, "--passage-tokens", "12,9000"], "passages of 9000 tokens: standard RAG comes to"),
        (["--target", "timing:tiny"], "no drafter is named"),
        (["--target", "timing:gpt-9", "--drafter", "builtin:rag"], "no timing pair"),
        ([*PAIR, "--device", "tpu"], "unknown device"),
        (["--target", "timing:tiny", "--drafter", "builtin:rag"], "tokenizer"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SMALL, *options]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_built_in_pair_is_measured_without_options_and_kept_in_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rag.json"
    assert main([*SMALL, "--passage-tokens", "12", "--out", str(out)]) == 0
    said = capsys.readouterr()
    summary = json.loads(said.out.splitlines()[-1])
    assert (summary["event"], summary["target"], summary["drafter"]) == ("summary", "builtin", "builtin:rag")
    assert json.loads(out.read_text())["rows"] == summary["rows"]
    (row,) = summary["rows"]
    assert row["systems"]["standard_rag"]["target_tokens"] == row["prompt_tokens"]["standard_rag"] + 3
    assert "speculative RAG ms" in said.err


def test_made_passages_fall_into_the_clusters_that_are_asked_for() -> None:
    library = rag_workload.MadeUpLibrary(["a", "b", "c", "d", "e"], 2)
    found = library.retrieve("what?", 4, "dense")
    near = library.vectors([passage.id for passage in found.passages]) @ library.vectors(["0"]).T
    assert (near[:, 0] > 0.5).tolist() == [True, False, True, False]
    assert (library.embed(["c"], "document") == library.vectors(["2"])).all()


@pytest.mark.gpu
def test_bench_runs_on_a_gpu_with_its_rounds_as_graphs() -> None:
    found = measured(task("cuda"))[-1]
    assert (found.graphs, found.dtype) == (True, "bfloat16")
    for row in found.rows:
        assert row.why_not == ""
        assert row.peak_bytes is not None and row.peak_bytes >= found.estimated_bytes
        assert row.systems["standard_rag"].target_tokens == row.prompt_tokens["standard_rag"] + COUNTS.answer


def test_every_line_of_it_is_an_event_or_a_result() -> None:
    assert all(isinstance(item, Event | RagBench) for item in rag.bench(task(passages=(12,))))
    assert msgspec.json.decode(msgspec.json.encode(measured(task(passages=(12,)))[-1]), type=RagBench).complete
