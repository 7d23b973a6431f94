"""The benchmarks as a user types them: every figure that is promised, and what is kept of them."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.machine import paths
from tests.engine.cli.typed import kept_row, objects


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_bench_decode_reports_all_four_systems_with_the_same_tokens(
    runtime: str, pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--runtime", runtime, "--prompts", "3", "--max-new-tokens", "12", "--json"]
    assert main(["bench", "decode", *pair, *options]) == 0
    summary = objects(capsys.readouterr().out)[-1]
    assert summary["same_tokens"] is True
    systems = {"ours_plain", "ours_speculative", "transformers_plain", "transformers_assisted"}
    assert summary["ms_per_token"].keys() == systems  # type: ignore[attr-defined]
    for name in ("ratio_vs_transformers", "ratio_range", "plain_ratio", "plain_ratio_range", "alpha", "speedup",
                 "speedup_range", "tau", "n_prompts", "repeated_4grams", "lookup_alpha", "perplexity"):  # fmt: skip
        assert summary[name] is not None, name
    assert summary["ratio_ci"] is summary["plain_ratio_ci"] is summary["speedup_ci"] is None
    ms: dict[str, float] = summary["ms_per_token"]  # type: ignore[assignment]
    assert summary["ratio_vs_transformers"] == ms["transformers_assisted"] / ms["ours_speculative"]
    assert summary["plain_ratio"] == ms["transformers_plain"] / ms["ours_plain"]
    assert (summary["runtime"], summary["drafter_runtime"]) == (runtime, runtime)
    assert not {"cells", "timing_pair"} & summary.keys()
    assert (summary["plain_over_matrices"] is None) == (summary["matrix_ms"] is None) == (runtime == "modules")
    row = kept_row(summary["run"])
    assert (row.kind, row.method, row.state) == ("measurement", "bench decode", "finished")
    assert (row.alpha, row.speedup) == (summary["alpha"], summary["speedup"])


def test_bench_decode_measures_every_combination_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = ["--target", "timing:tiny", "--drafter", "timing:tiny-draft@0.7"]
    axes = ["--contexts", "20", "--gammas", "1,3", "--runtimes", "fused,modules", "--max-new-tokens", "6"]
    out = tmp_path / "found.json"
    assert main(["bench", "decode", *pair, *axes, "--prompts", "3", "--out", str(out), "--json"]) == 0
    summary = objects(capsys.readouterr().out)[-1]
    cells: list[dict[str, object]] = summary["cells"]  # type: ignore[assignment]
    settings = [(1, "fused"), (1, "modules"), (3, "fused"), (3, "modules")]
    assert [(cell["gamma"], cell["runtime"]) for cell in cells] == settings
    assert all(cell["same_tokens"] and cell["n_prompt"] == 20 and cell["predicted_ms"] for cell in cells)
    assert "random weights" in str(summary["timing_pair"])
    saved = json.loads(out.read_text())
    assert saved["cells"] == cells
    assert saved.keys() >= {"machine", "versions", "measured_utc"}


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_bench_decode_of_several_sequences_leaves_out_what_transformers_cannot(
    runtime: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = ["--target", "timing:tiny", "--drafter", "timing:tiny-draft@0.7", "--runtime", runtime]
    axes = ["--batches", "1,3", "--max-new-tokens", "6", "--prompts", "3"]
    assert main(["bench", "decode", *pair, *axes, "--json"]) == 0
    alone, together = objects(capsys.readouterr().out)[-1]["cells"]  # type: ignore[misc]
    assert (alone["batch"], together["batch"]) == (1, 3)
    assert together["same_tokens"] is True
    assert together["ms_per_token"]["transformers_assisted"] is None
    assert together["ratio_vs_transformers"] is together["predicted_ms"] is None
    assert together["ms_per_token"]["ours_speculative"] > 0
    assert (together["plain_ratio_ci"], together["n"]) == (None, 3)
    assert len(together["plain_ratio_range"]) == 2
    assert alone["ratio_vs_transformers"] is not None


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_bench_batch_reports_every_batch_size(
    runtime: str, pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--runtime", runtime, "--batches", "1, 3", "--blocks", "3", "--max-new-tokens", "8", "--json"]
    assert main(["bench", "batch", *pair, *options]) == 0
    summary = objects(capsys.readouterr().out)[-1]
    sizes = summary["batches"]
    assert isinstance(sizes, list)
    assert [one["batch"] for one in sizes] == [1, 3]
    assert all(one["same_tokens"] and one["speedup_range"] and one["speedup_ci"] is None for one in sizes)
    assert all(one["speedup"] == pytest.approx(one["tokens_per_s"] / one["plain_tokens_per_s"]) for one in sizes)
    assert (summary["runtime"], summary["n_blocks"]) == (runtime, 3)
    assert (kept_row(summary["run"]).method, kept_row(summary["run"]).state) == ("bench batch", "finished")


def test_a_benchmark_is_not_kept_if_told_so(pair: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--batches", "1", "--blocks", "1", "--max-new-tokens", "8", "--json", "--no-save"]
    assert main(["bench", "batch", *pair, *options]) == 0
    assert objects(capsys.readouterr().out)[-1]["run"] is None
    assert not list(paths.runs().glob("*/trace.jsonl"))


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_hundreds_of_rounds_leave_no_tensor_behind(
    runtime: str, pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--runtime", runtime, "--rounds", "240", "--max-new-tokens", "60", "--json"]
    assert main(["bench", "endurance", *pair, *options]) == 0
    summary = objects(capsys.readouterr().out)[-1]
    assert summary["rounds"] >= 240  # type: ignore[operator]
    assert (summary["tensor_growth"], summary["tensor_growth_bytes"]) == (0, 0)
    assert summary["object_growth"] < 200  # type: ignore[operator]
    assert (summary["engine"], summary["runtime"]) == ("thread", runtime)


def test_growth_is_never_stated_of_no_round(pair: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "endurance", *pair, "--rounds", "2", "--max-new-tokens", "20", "--json"]) == 0
    summary = objects(capsys.readouterr().out)[-1]
    assert summary["runs"] == 2
    assert 0 < summary["growth_rounds"] < summary["rounds"]  # type: ignore[operator]
