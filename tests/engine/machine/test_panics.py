"""The panic of a native library becomes an error with a way out; all else passes."""

from collections.abc import Iterator

import pytest

from engine.errors import ModelError
from engine.machine.panics import without_panics


class PanicException(BaseException):
    """Named like what the bindings of a Rust library raise."""


def items(err: BaseException) -> Iterator[int]:
    yield 1
    raise err


def test_panic_is_one_line_with_a_way_out() -> None:
    steps = without_panics(items(PanicException("retry limit\nat line 7")))
    assert next(steps) == 1
    with pytest.raises(ModelError, match=r"gave up on this input \(retry limit\)"):
        next(steps)


@pytest.mark.parametrize("err", [KeyboardInterrupt(), ValueError("x"), SystemExit()])
def test_other_errors_pass(err: BaseException) -> None:
    with pytest.raises(type(err)):
        list(without_panics(items(err)))
