"""Compiled loops are there where numba is, and only there."""

import importlib.util

import pytest

from engine.fast import compiled_loops


def test_without_numba_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_loops, "find_spec", lambda name: None)
    assert compiled_loops.kernels() is None


def test_a_compiler_that_is_switched_off_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    assert compiled_loops.kernels() is None


@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
def test_with_numba_all_of_them_are_compiled() -> None:
    loops = compiled_loops.kernels()
    assert loops is not None
    assert all(map(callable, loops))
