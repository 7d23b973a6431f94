"""A lack of memory or address space is recognised in every form that libraries give it, and is no defect."""

import pytest

from engine.events.faults import failed, refused
from engine.machine.no_memory import ran_out, says_no_memory

FORMS = [
    MemoryError(),
    ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    OSError(12, "Cannot allocate memory"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("can't start new thread"),
    RuntimeError("std::bad_alloc"),
]


@pytest.mark.parametrize("err", FORMS)
def test_each_form_of_it_is_recognised_and_not_called_a_defect(err: Exception) -> None:
    assert ran_out(err)
    for event in (failed(err), refused("load", err)):
        assert "defect" not in event.hint
        assert event.traceback == ""


def test_it_is_recognised_behind_another_error() -> None:
    try:
        try:
            raise MemoryError
        except MemoryError as err:
            raise ValueError("no such kernel") from err
    except ValueError as err:
        assert ran_out(err)


def test_other_errors_remain_defects() -> None:
    err = ValueError("1 is not 2")
    assert not ran_out(err)
    assert "defect" in failed(err).hint
    assert "defect" in refused("load", err).hint
    assert not says_no_memory("Segmentation fault")
