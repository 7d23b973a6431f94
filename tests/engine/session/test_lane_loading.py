"""One target and several drafters beside it."""

from threading import Event as Flag

import pytest

from engine.commands import Load, MeasureLengths
from engine.errors import EngineError
from engine.runtime import Cancelled
from engine.session import lane_loading
from engine.session.session import Session

COMMAND = MeasureLengths(target="timing:tiny", device="cpu", dtype="float32")


def test_the_target_is_loaded_alone_and_once() -> None:
    session, pair = Session(), lane_loading.load_of(COMMAND)
    assert pair == Load("timing:tiny", "none", "cpu", dtype="float32")
    assert list(lane_loading.loaded_target(session, pair, Flag()))
    assert list(lane_loading.loaded_target(session, pair, Flag())) == []


def test_a_stop_ends_a_load() -> None:
    flag = Flag()
    flag.set()
    with pytest.raises(Cancelled):
        list(lane_loading.loaded_target(Session(), lane_loading.load_of(COMMAND), flag))


def test_a_drafter_that_cannot_be_is_an_error_of_its_own() -> None:
    session, pair = Session(), lane_loading.load_of(COMMAND)
    list(lane_loading.loaded_target(session, pair, Flag()))
    with pytest.raises(EngineError, match="nowhere"):
        list(lane_loading.loaded_drafter(session, Load("timing:tiny", "/nowhere", "cpu", dtype="float32")))
