"""Finds the compiled loops, which need numba; without it torch's operations compute the same."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.fast.kernels import Kernels


def kernels() -> "Kernels | None":
    """The compiled loops; None where numba is not installed or its compiler is disabled."""
    if find_spec("numba") is None:
        return None
    # Imported late: importing numba takes half a second, which only the loops need.
    import numba

    if numba.config.DISABLE_JIT:
        return None
    from engine.fast.kernels import compiled

    return compiled()


def gated_choice() -> "Callable[..., tuple[int, float]] | None":
    """The compiled loop of a gate beside a drafter; None where `kernels` has none."""
    if kernels() is None:
        return None
    from engine.fast.kernels import compiled_gate

    return compiled_gate()
