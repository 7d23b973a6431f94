"""The commands as a user types them: fields, exit status, one line for every mistake."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import torch
from transformers import GenerationConfig

from engine.cli import main
from engine.cli.output import Output
from engine.events import ConversionStarted
from engine.machine import paths
from engine.store.rows import RunRow
from tests import fakes, vocabularies
from tests.engine.store.kept import opened

SUMMARY = {
    "tokens", "text", "alpha", "alpha_ci", "alpha_overlap", "efficiency", "tau", "gamma", "c", "predicted_speedup",
    "ms_per_token", "tokens_per_s", "baseline_tokens_per_s", "speedup", "speedup_ci", "same_as_baseline",
    "first_divergence", "ttft_ms", "prefill_ms",
}  # fmt: skip
ROUND = {"round", "proposed", "last", "emitted", "draft_ms", "verify_ms", "other_ms"}
PROPOSED = {"id", "text", "p", "q", "accept_prob", "u", "fate"}


def kept_row(run_id: object) -> RunRow:
    """What the store lists of a run."""
    with closing(opened(paths.runs())) as index:
        (row,) = index.rows([str(run_id)])
    return row


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("pair")
    target = fakes.model()
    fakes.save(target, folder / "t")
    fakes.save(fakes.noisy_copy(target), folder / "d")
    return ["--target", str(folder / "t"), "--drafter", str(folder / "d")]


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prompt", ""], "prompt is empty"),
        (["--prompt", "  \n"], "prompt is empty"),
        ([], "exactly one of --prompt"),
        (["--prompt", "a", "--prompt-file", "x"], "exactly one of --prompt"),
        (["--prompt-file", "missing.txt"], "missing.txt cannot be read"),
        (["--prompt", "a", "--gamma", "0"], "gamma = 0"),
        (["--prompt", "a", "--gamma", "four"], "--gamma"),
        (["--prompt", "a", "--top-p", "0"], "top-p = 0"),
        (["--prompt", "a", "--top-p", "1.5"], "top-p = 1.5"),
        (["--prompt", "a", "--temperature", "-1"], "temperature = -1"),
        (["--prompt", "a", "--temperature", "nan"], "temperature = nan"),
        (["--prompt", "a", "--max-new-tokens", "0"], "max-new-tokens = 0"),
        (["--prompt", "a", "--device", "toaster"], "unknown device 'toaster'"),
        (["--prompt", "a", "--device", "cuda:99"], "no device cuda:99"),
        (["--prompt", "a", "--dtype", "int3"], "unknown dtype 'int3'"),
        (["--prompt", "a", "--target", "./nowhere"], "no folder ./nowhere"),
        (["--prompt", "a", "--drafter", "lookup:x"], "lookup:x"),
        (["--prompt", "a", "--drafter", "builtin:huge"], "builtin:huge"),
        (["--prompt", "a", "--colour", "red"], "--colour"),
        (["--prompt", "word " * 300], "reads at most"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    pair: list[str], arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"--target", "--drafter"} & set(arguments)
    base = [x for i in (0, 2) if pair[i] not in given for x in pair[i : i + 2]]
    assert main(["decode", *base, *arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    assert ";" in captured.err or "--help" in captured.err


def test_unknown_command_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dcode"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_help_needs_no_torch() -> None:
    code = "import sys; from engine.cli import main; main(['decode', '--help']); print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip().endswith("False")


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


def test_decoding_with_a_timing_pair_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--prompt", "a", "--max-new-tokens", "8", "--no-baseline", "--json"]
    assert main(["decode", "--target", "timing:tiny", "--drafter", "none", *options]) == 0
    found = objects(capsys.readouterr().out)
    started = next(one for one in found if one["event"] == "started")
    assert started["note"] == found[-1]["timing_pair"]
    assert "random weights" in str(started["note"])


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
    options = ["--runtime", runtime, "--rounds", "600", "--max-new-tokens", "60", "--json"]
    assert main(["bench", "endurance", *pair, *options]) == 0
    summary = objects(capsys.readouterr().out)[-1]
    assert summary["rounds"] >= 600  # type: ignore[operator]
    assert (summary["tensor_growth"], summary["tensor_growth_bytes"]) == (0, 0)
    assert summary["object_growth"] < 200  # type: ignore[operator]
    assert (summary["engine"], summary["runtime"]) == ("thread", runtime)


def test_growth_is_never_stated_of_no_round(pair: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "endurance", *pair, "--rounds", "2", "--max-new-tokens", "20", "--json"]) == 0
    summary = objects(capsys.readouterr().out)[-1]
    assert summary["runs"] == 2
    assert 0 < summary["growth_rounds"] < summary["rounds"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["bench", "endurance", "--rounds", "0"], "rounds = 0"),
        (["bench", "decode", "--prompts", "0"], "prompts = 0"),
        (["bench", "decode", "--gammas", "2,x"], "not a list"),
        (["bench", "decode", "--runtimes", "fast"], "unknown runtime"),
        (["bench", "decode", "--contexts", "9999", "--prompts", "1", "--max-new-tokens", "4"], "use at most"),
        (["bench", "decode", "--out", "/nowhere/at/all.json"], "cannot be written"),
        (["bench", "batch", "--batches", "1,x"], "not a list"),
        (["bench", "batch", "--batches", "0"], "not a list"),
        (["bench", "batch", "--batches", "257"], "batches = 257"),
        (["bench", "batch", "--blocks", "0"], "blocks = 0"),
        (["bench", "batch", "--top-k", "5"], "compares greedy"),
        (["bench", "batch", "--drafter", "lookup"], "lookup"),
        (["bench", "decode", "--drafter", "lookup"], "lookup"),
        (["bench", "decode", "--temperature", "1"], "compares greedy"),
        (["bench", "decode", "--max-new-tokens", "1000"], "has room for"),
        (["check", "losslessness", "--samples", "3"], "samples = 3"),
        (["check", "losslessness", "--gamma", "0"], "gamma = 0"),
        (["check", "losslessness", "--engine", "steam"], "unknown engine 'steam'"),
        (["check", "losslessness", "--runtime", "steam"], "unknown runtime 'steam'"),
        (["check", "losslessness", "--drafter", "none"], "no drafter"),
        (["train", "builtin", "--minutes", "-1"], "minutes = -1"),
    ],
)
def test_other_commands_refuse_in_one_line_too(
    pair: list[str], command: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [] if command[0] == "train" else (pair[:2] if "--drafter" in command else pair)
    assert main([*command, *models]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_trace_of_a_mistyped_command_is_not_left_behind(
    pair: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--prompt", "a", "--max-new-tokens", "4", "--repeats", "1", "--trace", str(tmp_path / "t.jsonl")]
    assert main(["decode", "--target", "./nowhere", *options]) == 2
    assert not (tmp_path / "t.jsonl").exists()
    assert main(["decode", *pair, *options]) == 0
    assert main(["decode", *pair, *options]) == 2
    assert "exists already" in capsys.readouterr().err


def test_output_that_cannot_be_written_is_one_line(pair: list[str]) -> None:
    command = [sys.executable, "-m", "engine.cli", "decode", *pair, "--prompt", "a", "--max-new-tokens", "4", "--json"]
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert found.returncode == 2, found.stderr
    assert "could not be written" in found.stderr
    assert found.stderr.count("\n") == 1


def test_any_character_is_printed_whatever_the_terminal(pair: list[str]) -> None:
    command = [sys.executable, "-m", "engine.cli", "decode", *pair, "--prompt", "漢😀", "--max-new-tokens", "4"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    found = subprocess.run(command, capture_output=True, env=env, check=False)
    assert found.returncode == 0, found.stderr
    assert "漢" in found.stdout.decode()


def test_interrupt_keeps_what_there_is_and_exits_with_130(pair: list[str], tmp_path: Path) -> None:
    code = f"""
import signal, sys
from engine.cli import main, following
from engine.events import RoundFinished
add = following.FollowedRun.add
def interrupting(self, event):
    add(self, event)
    if isinstance(event, RoundFinished) and event.round == 2:
        signal.raise_signal(signal.SIGINT)
following.FollowedRun.add = interrupting
trace = {str(tmp_path / "t.jsonl")!r}
options = ["--json", "--max-new-tokens", "100", "--trace", trace]
sys.exit(main(["decode", *{pair!r}, "--prompt", "The harbour", *options]))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 130, found.stderr
    last = json.loads(found.stdout.splitlines()[-1])
    assert last["event"] == "summary"
    assert len(last["tokens"]) >= 3
    assert last["reason"] == "cancelled"
    assert "RunFinished" in (tmp_path / "t.jsonl").read_text().splitlines()[-1]


def test_a_gguf_file_that_cannot_be_used_is_refused_without_a_model_library(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    code = (
        "import sys; from engine.cli import main\n"
        f"status = main(['decode', '--prompt', 'a', '--target', {str(tmp_path / 'm.gguf')!r}])\n"
        "sys.exit(9 if 'torch' in sys.modules else status)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and "cut short" in ended.stderr


def test_a_conversion_is_announced_on_stderr_before_it_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    event = ConversionStarted("/models/m.gguf", "/cache", "float32", 2**29, 2**31, 23.0)
    Output(json=True).event(event)
    said = capsys.readouterr()
    assert objects(said.out)[0]["event"] == "conversion"
    assert said.err == (
        "m.gguf is converted once into safetensors (float32): about 23 s, 0.5 GiB in /cache, up to 2.0 GiB of memory\n"
    )


@pytest.mark.parametrize(
    "argv",
    [
        ["decode", "--prompt", "x", "--gamma", "1000000000"],
        ["decode", "--prompt", "x", "--gamma", "9" * 5000],
        ["decode", "--prompt", "x", "--repeats", "1000000"],
        ["compare", "--gamma", "9" * 5000],
        ["compare", "--gamma", "65"],
        ["bench", "decode", "--gammas", "1000000000"],
        ["bench", "decode", "--contexts", ",".join(map(str, range(1, 5000)))],
        ["bench", "decode", "--contexts", "1000000000"],
        ["bench", "scaling", "--gammas", "100000000"],
        ["bench", "scaling", "--blocks", "1000000000000"],
        ["bench", "endurance", "--rounds", "1000000000000"],
        ["bench", "index", "--passages", "1000000000000"],
        ["bench", "store", "--runs", "1000000000000"],
        ["bench", "store", "--kills", "1000000000"],
        ["bench", "report", "--prompts", "1000000000"],
        ["check", "losslessness", "--samples", "1000000000000"],
        ["builtin", "eval", "--questions", "1000000000000"],
        ["rag", "eval", "--questions", "1000000000000"],
    ],
)
def test_absurd_count_is_refused_in_one_line_before_any_work(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert len(said.err) < 400


def test_prompt_from_a_pipe_or_device_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "--prompt-file", "/dev/zero"]) == 2
    assert "is a device, not a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "err",
    [
        MemoryError(),
        ImportError("x.so: failed to map segment from shared object"),
        OSError(12, "Cannot allocate memory"),
    ],
)
def test_lack_of_memory_or_address_space_is_said_as_such(
    err: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise err

    monkeypatch.setattr("engine.cli.decode.follow", fail)
    assert main(["decode", "--prompt", "x"]) == 2
    line = capsys.readouterr().err
    assert "memory ran out, or address space" in line
    assert line.count("\n") == 1
