"""A drafter is trained for a real target, for a few steps; what it proposes changes neither tokens nor distribution."""

import json
from pathlib import Path

import pytest

from tests_real import texts
from tests_real.commands import Fields, draftscope
from tests_real.conftest import OpenedModel
from tests_real.figures import Figures

_STEPS = 8


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts.real_texts()), encoding="utf-8")
    return path


def train(smollm2: OpenedModel, data: Path, out: Path, *more: object) -> Fields:
    return draftscope(
        "train", "drafter", "--target", smollm2.file, "--data", data, "--out", out, "--minutes", 2, "--steps", _STEPS,
        "--device", "cpu", "--no-save", *more,
    ).summary  # fmt: skip


@pytest.fixture(scope="module")
def drafter(smollm2: OpenedModel, data: Path, tmp_path_factory: pytest.TempPathFactory, figures: Figures) -> Path:
    out = tmp_path_factory.mktemp("drafter") / "drafter"
    summary = train(smollm2, data, out, "--layers", 1, "--width", 64)
    names = ("alpha_before", "alpha_after", "speedup")
    figures.add(f"drafter from random weights, {_STEPS} steps", **{name: summary.get(name) for name in names})  # type: ignore[misc]
    return out


def test_a_few_steps_make_a_drafter_that_loads_beside_its_target(smollm2: OpenedModel, drafter: Path) -> None:
    said = draftscope(
        "decode", "--target", smollm2.file, "--drafter", drafter, "--prompt", texts.PROMPTS[0], "--max-new-tokens", 16,
        "--repeats", 1, "--no-save", "--device", "cpu",
    )  # fmt: skip
    assert said.summary["same_as_baseline"] is not False


def test_sampling_with_a_poor_drafter_keeps_the_targets_distribution(
    smollm2: OpenedModel, drafter: Path, figures: Figures
) -> None:
    said = draftscope(
        "check", "losslessness", "--target", smollm2.file, "--drafter", drafter, "--samples", 300, "--prompts", 1,
        "--max-new-tokens", 8, "--device", "cpu", "--top-k", 20,
    ).summary  # fmt: skip
    names = ("greedy_equal", "sampling_p_value", "sampling_tv", "sampling_tv_null")
    figures.add("sampling against the exact distribution, 300 samples", **{name: said[name] for name in names})  # type: ignore[arg-type]
    assert said["greedy_equal"]
    assert said["sampling_p_value"] > 1e-3  # type: ignore[operator]


def test_a_drafter_can_start_from_the_targets_own_layers(
    smollm2: OpenedModel, data: Path, tmp_path: Path, figures: Figures
) -> None:
    summary = train(smollm2, data, tmp_path / "own", "--start-from", "own-layers", "--layers", 8)
    figures.add(f"drafter from own layers, {_STEPS} steps", alpha_after=summary.get("alpha_after"))  # type: ignore[arg-type]
