"""The compiled loops against numpy in double precision."""

from pathlib import Path

import pytest

pytest.importorskip("numba")

import numba
import numpy as np

from engine.fast import kernels
from engine.fast.kernels import Floats, compiled


def gated(gates: Floats) -> Floats:
    to = np.empty((1, gates.shape[0]), np.float32)
    compiled().gate(
        np.stack([gates, np.ones_like(gates)]).reshape(1, -1), to, np.empty((2, gates.shape[0]), np.float32)
    )
    return to[0]


def test_gate_is_exact_to_single_precision_wherever_it_is_not_vanishing() -> None:
    gates = np.linspace(-80, 80, 20001).astype(np.float32)
    expected = gates / (1 + np.exp(-gates.astype(np.float64)))
    np.testing.assert_allclose(gated(gates), expected, rtol=4e-7)


def test_gate_of_extremes_all_but_vanishes_or_is_the_number_itself() -> None:
    extremes = np.array([-1e4, -200, -104, -88, 88, 104, 1e30, np.inf], np.float32)
    np.testing.assert_allclose(gated(extremes), [0, 0, 0, 0, 88, 104, 1e30, np.inf], atol=1e-33)


def test_gate_of_what_is_no_number_is_none() -> None:
    assert np.isnan(gated(np.array([np.nan, 1.0], np.float32))).tolist() == [True, False]


def test_gelu_is_exact_to_single_precision_wherever_it_is_not_vanishing() -> None:
    gates = np.linspace(-6, 60, 20001).astype(np.float32)
    to, x = np.empty((1, gates.shape[0]), np.float32), gates.astype(np.float64)
    both = np.stack([gates, np.ones_like(gates)]).reshape(1, -1)
    compiled().gate_gelu(both, to, np.empty((2, gates.shape[0]), np.float32))
    expected = x / (1 + np.exp(-2 * (2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(to[0], expected, rtol=2e-5, atol=1e-9)


def test_gelu_of_extremes_all_but_vanishes_or_is_the_number_itself() -> None:
    extremes = np.array([-1e4, -200, -20, 20, 104, 1e30, np.inf, np.nan], np.float32)
    to = np.empty((1, 8), np.float32)
    compiled().gate_gelu(np.stack([extremes, np.ones(8, np.float32)]).reshape(1, -1), to, np.empty((2, 8), np.float32))
    np.testing.assert_allclose(to[0], [0, 0, 0, 20, 104, 1e30, np.inf, np.nan], atol=1e-33)


def test_norm_of_rows_is_written_over_them() -> None:
    rng = np.random.default_rng(0)
    x, weights = rng.standard_normal((3, 50)).astype(np.float32), rng.standard_normal(50).astype(np.float32)
    expected = x / np.sqrt((x.astype(np.float64) ** 2).mean(-1, keepdims=True) + 1e-3) * weights
    compiled().norm_rows(x, weights * np.float32(50**0.5), 50 * 1e-3)
    np.testing.assert_allclose(x, expected, rtol=1e-5, atol=1e-6)


def test_sum_is_added_in_place_and_its_norm_written() -> None:
    rng = np.random.default_rng(0)
    hidden, made = (rng.standard_normal((3, 50)).astype(np.float32) for _ in range(2))
    weights, to = rng.standard_normal(50).astype(np.float32), np.empty((3, 50), np.float32)
    added = hidden.astype(np.float64) + 0.4 * made
    compiled().add_normed(hidden, made, 0.4, weights * np.float32(50**0.5), 50 * 1e-3, to)
    np.testing.assert_allclose(hidden, added, rtol=1e-5, atol=1e-6)
    expected = added / np.sqrt((added**2).mean(-1, keepdims=True) + 1e-3) * weights
    np.testing.assert_allclose(to, expected, rtol=1e-5, atol=1e-6)


def _doubled(x: Floats) -> None:
    for i in range(x.shape[0]):
        x[i] *= 2


def _double_once() -> float:
    with kernels._cache_folder():
        loop = kernels._compiled(_doubled, "void(f4[::1])")
    x = np.ones(1, np.float32)
    loop(x)
    return float(x[0])


def _code_beside_this_file() -> list[Path]:
    return list(Path(__file__).parent.rglob("*_doubled*.nb[ci]"))


def test_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(kernels, "_folder", lambda: tmp_path / "file" / "kernels")
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert _double_once() == 2.0
    assert _code_beside_this_file() == [], "the installation is never written"
    assert numba.config.CACHE_LOCATOR_CLASSES == ""


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\x80\x05."])
def test_damaged_cache_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(kernels, "_folder", lambda: tmp_path)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert _double_once() == 2.0
    kept = list(tmp_path.rglob("*.nb[ci]"))
    assert kept
    for path in kept:
        path.write_bytes(content)
    assert _double_once() == 2.0
