"""The fastest number type is measured once for a shape, kept, and measured again where the file is damaged."""

from pathlib import Path

import pytest
import torch

from engine.commands import Estimate, Load
from engine.events import Estimated, ModelLoaded
from engine.machine import paths
from engine.machine.other_work import CpuShare
from engine.models import fastest_dtype
from engine.models.fastest_dtype import Measurement
from engine.session.session import Session
from tests import fakes

CPU = torch.device("cpu")
QUICK = Measurement((1, 5), {"float32": (2.0, 4.0), "bfloat16": (1.0, 1.0)})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "user_cache", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def n_measured(monkeypatch: pytest.MonkeyPatch) -> list[fastest_dtype.Matrices]:
    seen: list[fastest_dtype.Matrices] = []
    monkeypatch.setattr(fastest_dtype, "measured", lambda matrices: seen.append(matrices) or QUICK)
    return seen


def test_a_gain_of_a_tenth_decides() -> None:
    for half, expected in ((2.8, "float32"), (2.71, "float32"), (2.69, "bfloat16"), (9.0, "float32")):
        found = Measurement((1, 5), {"float32": (1.0, 2.0), "bfloat16": (half / 2, half / 2)})
        choice = fastest_dtype.judged(found)
        assert choice.dtype == expected
        assert "3.00 ms in float32" in choice.why


def test_it_is_measured_once_for_a_shape_and_again_where_the_file_is_damaged(
    cache: Path, n_measured: list[fastest_dtype.Matrices]
) -> None:
    for n_expected, family in ((1, {}), (1, {}), (2, {"hidden_size": 64})):
        assert fastest_dtype.choose(fakes.config("llama", **family), CPU, measure=True).dtype == "bfloat16"
        assert len(n_measured) == n_expected
    for n_expected, damaged in ((3, b"{"), (4, b'{"rows": [1, 5], "ms": {"float32": [1, 2]}}'), (5, b"\xff")):
        for path in (cache / "number-types-3").iterdir():
            path.write_bytes(damaged)
        fastest_dtype.choose(fakes.config("llama"), CPU, measure=True)
        assert len(n_measured) == n_expected


def test_other_threads_are_another_measurement(
    n_measured: list[fastest_dtype.Matrices], monkeypatch: pytest.MonkeyPatch
) -> None:
    for n_threads in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda n=n_threads: n)
        fastest_dtype.choose(fakes.config("llama"), CPU, measure=True)
    assert len(n_measured) == 2


def test_a_cache_that_cannot_be_written_costs_nothing_but_the_next_measurement(
    cache: Path, n_measured: list[fastest_dtype.Matrices]
) -> None:
    cache.write_text("a file in its place")
    assert fastest_dtype.choose(fakes.config("llama"), CPU, measure=True).dtype == "bfloat16"


def test_what_is_not_measured_says_so(
    n_measured: list[fastest_dtype.Matrices], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    assert fastest_dtype.choose(fakes.config("llama"), CPU, measure=False) == ("float32", "not measured yet")
    assert fastest_dtype.choose(fakes.config("llama"), torch.device("cuda"), measure=True).dtype == "bfloat16"
    assert "gpt2" in fastest_dtype.choose(fakes.config("gpt2"), CPU, measure=True).why
    assert n_measured == []


def test_every_type_is_timed_over_one_id_and_several() -> None:
    matrices = fastest_dtype.matrices_of(fakes.config("qwen3"))
    assert matrices == (((64, 32), (32, 32), (128, 32), (32, 64)), 2, (fakes.N_ENTRIES, 32))
    found = fastest_dtype.measured(matrices)
    assert found.ms.keys() == {"float32", "bfloat16"}
    assert all(ms > 0 for of_kind in found.ms.values() for ms in of_kind)


def test_layers_and_head_are_scaled_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastest_dtype.time, "perf_counter", iter(range(10_000)).__next__)
    parts = [torch.ones(4, 4)], [torch.ones(8, 4)]
    assert fastest_dtype._least_ms(parts, 1, (7.0, 2.0)) == 9_000.0


def test_loading_in_the_fastest_type_says_which_and_why(
    tmp_path: Path, n_measured: list[fastest_dtype.Matrices]
) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "target")
    session = Session()
    before = next(iter(session.do(Estimate(Load(spec, "none", device="cpu", dtype="fastest")))))
    *_, loaded = session.do(Load(spec, "none", device="cpu", dtype="fastest"))
    after = next(iter(session.do(Estimate(Load(spec, "none", device="cpu", dtype="fastest")))))
    assert isinstance(before, Estimated) and isinstance(after, Estimated) and isinstance(loaded, ModelLoaded)
    assert (loaded.dtype, loaded.why_dtype) == ("bfloat16", fastest_dtype.judged(QUICK).why)
    assert before.weights_bytes == 2 * after.weights_bytes == 2 * loaded.weights_bytes


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model counts as large enough for an offer."""
    monkeypatch.setattr(fastest_dtype, "_LEAST_OFFERED", 1)


def quick(monkeypatch: pytest.MonkeyPatch, measurement: Measurement) -> list[int]:
    """What a short measurement would be; the numbers it may take, by call."""
    seen: list[int] = []
    monkeypatch.setattr(
        fastest_dtype,
        "measured",
        lambda matrices, *, most_numbers, n_passes: seen.append(most_numbers) or measurement,
    )
    return seen


@pytest.mark.usefixtures("large")
def test_gain_of_bfloat16_is_offered_with_what_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = quick(monkeypatch, QUICK)
    for _ in range(2):
        said = fastest_dtype.offer(fakes.config("llama"), CPU)
        assert "67% less" in said
        assert "may differ from those in float32" in said
    assert len(seen) == 1


@pytest.mark.usefixtures("large")
def test_nothing_is_offered_without_a_gain_or_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = quick(monkeypatch, Measurement((1, 5), {"float32": (1.0, 1.0), "bfloat16": (1.0, 1.0)}))
    assert fastest_dtype.offer(fakes.config("llama"), CPU) == ""
    assert fastest_dtype.offer(fakes.config("gpt2"), CPU) == ""
    assert fastest_dtype.offer(fakes.config("qwen3"), torch.device("cuda")) == ""
    assert len(seen) == 1


def test_small_model_is_not_measured_for_an_offer(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = quick(monkeypatch, QUICK)
    assert fastest_dtype.offer(fakes.config("llama"), CPU) == ""
    assert seen == []


@pytest.mark.usefixtures("large")
def test_loading_under_auto_keeps_float32_and_says_what_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch, QUICK)
    *_, loaded = Session().do(Load(fakes.save(fakes.model(), tmp_path / "target"), "none", device="cpu"))
    assert isinstance(loaded, ModelLoaded)
    assert loaded.dtype == "float32"
    assert "bfloat16 would be faster" in loaded.why_dtype


@pytest.mark.usefixtures("large")
def test_nothing_is_offered_or_kept_while_other_programs_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = quick(monkeypatch, QUICK)
    monkeypatch.setattr(fastest_dtype.OtherWork, "ended", lambda self: CpuShare(1.0, 99.0, 2))
    for _ in range(2):
        assert fastest_dtype.offer(fakes.config("llama"), CPU) == ""
    assert len(seen) == 2
