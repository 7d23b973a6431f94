"""The commands as a user types them: what they print, and last the summary."""

from pathlib import Path

import pytest
import torch
from transformers import GenerationConfig

from engine.cli import main
from engine.cli.output import Output
from engine.events import ConversionStarted
from tests import fakes, vocabularies
from tests.engine.cli.typed import objects

SUMMARY = {
    "tokens", "text", "alpha", "alpha_ci", "alpha_overlap", "efficiency", "tau", "gamma", "c", "predicted_speedup",
    "ms_per_token", "tokens_per_s", "baseline_tokens_per_s", "speedup", "speedup_ci", "same_as_baseline",
    "first_divergence", "ttft_ms", "prefill_ms",
}  # fmt: skip
ROUND = {"round", "proposed", "last", "emitted", "draft_ms", "verify_ms", "other_ms"}
PROPOSED = {"id", "text", "p", "q", "accept_prob", "u", "fate"}


def test_decode_prints_rounds_and_last_a_summary(pair: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--max-new-tokens", "30", "--repeats", "3", "--no-stop-at-end"]
    assert main(["decode", *pair, "--prompt", "The harbour", "--json", *options]) == 0
    found = objects(capsys.readouterr().out)
    rounds = [one for one in found if one["event"] == "round"]
    assert all(one.keys() >= ROUND for one in rounds)
    assert all(token.keys() >= PROPOSED for one in rounds for token in one["proposed"])  # type: ignore[attr-defined]
    summary = found[-1]
    assert summary["event"] == "summary"
    assert summary.keys() >= SUMMARY
    assert summary["same_as_baseline"] is True
    assert (summary["speedup_ci"], summary["n_repeats"]) == (None, 3)
    assert summary["speedup"] == summary["baseline_ms_per_token"] / summary["ms_per_token"]  # type: ignore[operator]
    low, high = summary["speedup_range"]  # type: ignore[misc]
    assert low <= high
    assert summary["tokens"] == [token for one in rounds for token in one["emitted"]]  # type: ignore[attr-defined]
    assert summary["alpha"] == summary["alpha_overlap"]


def test_decode_writes_what_generate_writes_with_the_penalties_of_the_checkpoint(
    pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = fakes.model()
    rules = {"repetition_penalty": 1.3, "no_repeat_ngram_size": 3, "suppress_tokens": [4, 5]}
    target.generation_config = GenerationConfig(pad_token_id=0, **rules)
    options = ["--target", fakes.save(target, tmp_path / "t"), "--prompt", "The harbour", "--max-new-tokens", "16"]
    for drafter in (pair[3], "lookup"):
        assert main(["decode", *options, "--drafter", drafter, "--repeats", "1", "--json"]) == 0
        captured = capsys.readouterr()
        found = objects(captured.out)
        prompt = torch.tensor([next(one["prompt_ids"] for one in found if one["event"] == "started")])
        theirs = target.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=16, do_sample=False)
        assert found[-1]["tokens"] == theirs[0, prompt.shape[1] :].tolist()
        assert found[-1]["same_as_baseline"] is True
        assert "repetition penalty 1.3" in captured.err


def test_sampling_and_no_baseline_leave_the_comparison_open(
    pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for options in (["--temperature", "1"], ["--no-baseline"]):
        assert main(["decode", *pair, "--prompt", "a", "--json", "--max-new-tokens", "8", *options]) == 0
        summary = objects(capsys.readouterr().out)[-1]
        assert summary["same_as_baseline"] is None
        assert summary["first_divergence"] is None


def test_decode_without_a_drafter_is_plain_decoding(pair: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--drafter", "none", "--max-new-tokens", "8", "--no-stop-at-end"]
    assert main(["decode", *pair[:2], *options, "--prompt", "a", "--json"]) == 0
    summary = objects(capsys.readouterr().out)[-1]
    assert summary["tau"] == 1.0
    assert summary["alpha"] is None


def test_decode_for_people_shows_the_text(pair: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", *pair, "--prompt", "The harbour", "--max-new-tokens", "8"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("The harbour")
    assert "speedup" in out


def test_decode_says_that_a_drafter_of_another_tokenizer_drafts_through_text(
    pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = vocabularies.tokenizer("space_sign")
    other = fakes.save(fakes.model(n_vocabulary=len(words)), tmp_path / "d", words=words)
    options = ["--drafter", other, "--max-new-tokens", "8", "--no-stop-at-end"]
    assert main(["decode", *pair[:2], *options, "--prompt", "The harbour", "--repeats", "1"]) == 0
    captured = capsys.readouterr()
    said = " ".join((captured.out + captured.err).split())
    assert "other tokenizer: drafts through text;" in said
    assert main(["decode", *pair[:2], *options, "--prompt", "The harbour", "--repeats", "1", "--json"]) == 0
    events = objects(capsys.readouterr().out)
    assert [one["drafts_through"] for one in events if one["event"] == "loaded"] == ["text"]
    assert events[-1]["same_as_baseline"] is True


def test_prompt_file_and_trace(pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.txt").write_text("In the town of")
    options = ["--prompt-file", str(tmp_path / "p.txt"), "--trace", str(tmp_path / "r" / "trace.jsonl"), "--json"]
    assert main(["decode", *pair, "--max-new-tokens", "8", *options]) == 0
    assert objects(capsys.readouterr().out)[-1]["event"] == "summary"
    assert "RunStarted" in (tmp_path / "r" / "trace.jsonl").read_text().splitlines()[0]


def test_decoding_with_a_timing_pair_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--prompt", "a", "--max-new-tokens", "8", "--no-baseline", "--json"]
    assert main(["decode", "--target", "timing:tiny", "--drafter", "none", *options]) == 0
    found = objects(capsys.readouterr().out)
    started = next(one for one in found if one["event"] == "started")
    assert started["note"] == found[-1]["timing_pair"]
    assert "random weights" in str(started["note"])


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_check_losslessness_reports_equality_and_a_plausible_p_value(
    runtime: str, pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--runtime", runtime, "--samples", "300", "--prompts", "1", "--max-new-tokens", "20", "--json"]
    assert main(["check", "losslessness", *pair, *options]) == 0
    summary = objects(capsys.readouterr().out)[-1]
    assert summary["greedy_equal"] is True
    assert summary["first_divergence"] is None
    assert 1e-3 < summary["sampling_p_value"] <= 1  # type: ignore[operator]
    assert summary["sampling_tv"] < 0.2  # type: ignore[operator]
    assert summary["sampling_tv_null"] < 0.2  # type: ignore[operator]
    assert (summary["engine"], summary["runtime"], summary["drafter_runtime"]) == ("thread", runtime, runtime)


def test_check_losslessness_of_an_engine_in_a_process_says_so(
    pair: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--engine", "process", "--samples", "100", "--prompts", "1", "--max-new-tokens", "8", "--json"]
    assert main(["check", "losslessness", *pair, *options]) == 0
    summary = objects(capsys.readouterr().out)[-1]
    assert (summary["greedy_equal"], summary["engine"], summary["runtime"]) == (True, "process", "fused")


def test_a_conversion_is_announced_on_stderr_before_it_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    event = ConversionStarted("/models/m.gguf", "/cache", "float32", 2**29, 2**31, 23.0)
    Output(json=True).event(event)
    said = capsys.readouterr()
    assert objects(said.out)[0]["event"] == "conversion"
    assert said.err == (
        "m.gguf is converted once into safetensors (float32): about 23 s, 0.5 GiB in /cache, up to 2.0 GiB of memory\n"
    )
