"""What the system refused is told apart from a defect."""

import errno

import pytest

from engine.cli.outside_causes import outside_cause


def system_error(number: int, *, name: str | None = None) -> OSError:
    return OSError(number, {errno.ENOSPC: "No space left on device", errno.EACCES: "Permission denied"}[number], name)


@pytest.mark.parametrize(
    ("err", "words"),
    [
        (system_error(errno.ENOSPC), "the output could not be written (No space left on device)"),
        (system_error(errno.EACCES, name="/a/b"), "/a/b could not be read or written (Permission denied)"),
        (system_error(errno.EACCES, name="x" * 5000), "x" * 200 + "… could not be read or written"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "what read the output closed it"),
        (MemoryError(), "memory ran out, or address space (MemoryError)"),
        (ImportError("a.so: failed to map segment from shared object"), "memory ran out, or address space"),
        (RuntimeError("can't start new thread"), "memory ran out"),
        (RuntimeError("Could not determine home directory."), "a home folder is not known"),
        (RuntimeError("could not determine the home directory for '~/.config'"), "a home folder is not known"),
        (UnicodeEncodeError("utf-8", "caf\udce9", 3, 4, "surrogates not allowed"), "'caf\\udce9' is not valid UTF-8"),
    ],
)
def test_the_cause_is_told_with_a_way_out(err: BaseException, words: str) -> None:
    cause = outside_cause(err)
    assert cause is not None
    assert words in cause.message
    assert cause.hint


@pytest.mark.parametrize(
    "err",
    [
        ValueError("x"), RuntimeError("x"), ImportError("no module named x"), KeyError("x"),
        UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range(128)"),
    ],
)  # fmt: skip
def test_a_defect_has_no_outside_cause(err: BaseException) -> None:
    assert outside_cause(err) is None
