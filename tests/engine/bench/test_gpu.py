"""The bench of a GPU, run on a CPU at tiny shapes: what it says, what it keeps, what it refuses."""

import json
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.bench import gpt_fast, kernels, rounds
from engine.cli import main
from engine.measuring import limits
from engine.models import checkpoint_folder, devices, load_plan, loading
from engine.models.loading import Pair

TINY = ["bench", "gpu", "--shapes", "tiny", "--device", "cpu", "--context", "20", "--max-new-tokens", "12",
        "--blocks", "3", "--json"]  # fmt: skip


def tiny() -> Pair:
    cpu = torch.device("cpu")
    target, drafter = (
        checkpoint_folder.inspect("timing:tiny"),
        checkpoint_folder.inspect("timing:tiny-draft", drafter=True),
    )
    *_, pair = loading.load_pair(load_plan.plan(target, drafter, cpu, cpu, "auto"))
    assert isinstance(pair, Pair)
    return pair


def test_everything_is_measured_kept_in_the_file_and_shown_in_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "gpu.json"
    assert main([*TINY, "--out", str(out)]) == 0
    said = capsys.readouterr()
    summary = json.loads(said.out.splitlines()[-1])
    (pair,) = summary["pairs"]
    assert summary["complete"] is True
    assert pair["why_not"] == ""
    assert pair["cell"]["same_tokens"] is True
    assert pair["rounds"]["recording_cost_range"] is not None
    assert set(pair["attention"]) == {"prompt", "round", "batch"}
    assert set(pair["attention"].values()) == {"flash_attention_for_cpu"}
    assert "random weights" in pair["timing_pair"]
    assert json.loads(out.read_text())["pairs"] == summary["pairs"]
    assert "transformers" in said.err
    assert "tiny" in said.err


def test_a_pair_that_fails_does_not_take_the_others_along(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(devices, "free_bytes", lambda device: 100_000_000)
    argv = [*TINY]
    argv[argv.index("tiny")] = "llama-70b,llama,tiny"
    assert main(argv) == 0
    largest, large, small = json.loads(capsys.readouterr().out.splitlines()[-1])["pairs"]
    assert "not one layer" in largest["why_not"]
    assert "GiB are free" in large["why_not"]
    assert small["cell"] is not None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--shapes", "gpt-9"], "no shapes 'gpt-9'"),
        (["--context", "1"], "context = 1"),
        (["--blocks", "1"], "blocks = 1"),
        (["--device", "tpu"], "unknown device"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TINY, *options]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, "no checkout"),
        ("import nothing_of_that_name", "cannot be imported"),
        ("def generate(model, batch_size): ...", "speculative mode"),
    ],
)
def test_without_a_checkout_of_gpt_fast_that_runs_the_reason_is_in_the_result(
    source: str | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if source is not None:
        (tmp_path / "generate.py").write_text(source)
    assert main([*TINY, "--gpt-fast", str(tmp_path)]) == 0
    (pair,) = json.loads(capsys.readouterr().out.splitlines()[-1])["pairs"]
    assert words in pair["why_not_gpt_fast"]
    assert pair["cell"] is not None


@pytest.mark.parametrize(("part", "name"), [(rounds, "measure"), (gpt_fast, "checkout")])
def test_memory_that_runs_out_late_takes_no_figure_along(
    part: ModuleType, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(part, name, fails)
    assert main([*TINY, "--gpt-fast", str(tmp_path)]) == 0
    (pair,) = json.loads(capsys.readouterr().out.splitlines()[-1])["pairs"]
    assert pair["cell"] is not None
    assert pair["why_not"] == ""
    assert ("memory ran out" in pair["why_not_rounds"]) == (part is rounds)
    assert ("memory ran out" in pair["why_not_gpt_fast"]) == (part is gpt_fast)


def test_a_gpu_is_held_against_the_bandwidth_of_copying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "bandwidth", lambda device: 1e9)
    floor = limits.Floor.on(tiny().target._replace(device=torch.device("cuda")))
    assert floor.kind == "bytes read at copy bandwidth"


def test_a_step_reads_every_matrix_but_the_embedding_and_the_cache_so_far() -> None:
    target = tiny().target
    assert target.fused is not None
    small = sum(weight.nbytes for weight in target.model.parameters() if weight.dim() == 1)
    assert limits.step_bytes(target, 0) == target.fused.n_bytes + small
    per_id = 2 * 4 * 2 * 32 * 4
    assert limits.step_bytes(target, 100) - limits.step_bytes(target, 0) == 100 * per_id


def test_attention_that_no_kernel_takes_is_said_to_be_computed_by_math() -> None:
    fused = tiny().target.fused
    assert fused is not None
    with sdpa_kernel(SDPBackend.MATH):
        assert set(kernels.attention_of(fused, context=20, gamma=2).values()) == {"math"}
