"""What `MeasureLengths` refuses, and that it survives a pipe and a file."""

from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest
from msgspec.structs import replace

from engine.commands import Command, MeasureLengths
from engine.errors import InputError
from engine.events import AnyEvent, Event, LengthMeasured, LengthsMeasured
from engine.session.lengths import checked, drafters_of
from engine.session.session import Session
from engine.store.digest import Fold
from tests import fakes

SHORT = MeasureLengths(
    ("lookup",), (40,), settings={"max_new_tokens": 8}, repeats=1, target="timing:tiny", device="cpu"
)


def measured(command: MeasureLengths) -> list[Event]:
    return list(Session().do(command, Flag()))


@pytest.fixture(scope="module")
def told() -> list[Event]:
    return measured(replace(SHORT, drafters=("lookup", "/nowhere", "timing:tiny-draft@0.7", "lookup", "none")))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lengths": ()}, "2 tokens or more"),
        ({"lengths": (1,)}, "2 tokens or more"),
        ({"lengths": (-5,)}, "2 tokens or more"),
        ({"lengths": (40, 99_999)}, "length 99,999: timing:tiny has a context of 32,768"),
        ({"settings": {"max_new_tokens": 40_000}}, "max-new-tokens = 40000: timing:tiny has a context of 32,768"),
        ({"settings": {"temperature": -1.0}}, "temperature"),
        ({"gamma": 0}, "gamma = 0"),
        ({"gamma": 65}, "gamma = 65"),
        ({"repeats": 0}, "repeats = 0"),
        ({"n_texts": 0}, "texts = 0"),
        ({"prefill_chunk": 8}, "chunk = 8: must be 16 to 4096"),
        ({"prefill_chunk": 10**6}, "chunk"),
        ({"window": 0}, "window = 0: must be 1 or more"),
        ({"window": -4}, "window = -4"),
        ({"sinks": -1}, "sinks = -1"),
        ({"attention": "fastest"}, "no attention kernel"),
        ({"attention": "efficient"}, "for CUDA only"),
        ({"text": "/nowhere.txt"}, "no file"),
        ({"pages": "x"}, "page range"),
        ({"drafters": ("window:0:timing:tiny-draft",)}, "window must be 1 or more"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_numbers(values: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        measured(replace(SHORT, **values))


def test_a_file_that_is_too_short_for_every_length_is_refused_with_both_numbers(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("The harbour")
    with pytest.raises(InputError, match=r"the text has .* tokens, and 40 were asked for"):
        measured(replace(SHORT, text=str(tmp_path / "short.txt")))


def test_a_drafter_that_cannot_be_loaded_is_left_out_with_the_reason(told: list[Event]) -> None:
    rows = {event.drafter: event for event in told if isinstance(event, LengthMeasured)}
    assert list(rows) == ["none", "lookup", "/nowhere", "timing:tiny-draft@0.7"]
    assert "nowhere" in rows["/nowhere"].why_not and rows["/nowhere"].speedup is None
    assert rows["timing:tiny-draft@0.7"].alpha is not None
    end = told[-1]
    assert isinstance(end, LengthsMeasured)
    assert (end.n_measured, end.n_refused) == (3, 1)


def test_the_window_of_the_command_is_that_of_drafters_without_one() -> None:
    command = replace(SHORT, drafters=("window:m", "window:9:m", " lookup ", ""), window=33, sinks=2)
    assert drafters_of(command) == ("window:33+2:m", "window:9:m", "lookup")
    assert checked(SHORT).max_new_tokens == 8


def test_command_and_events_survive_a_pipe(told: list[Event]) -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(SHORT), type=Command) == SHORT
    for event in told:
        assert msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) == event


def test_the_store_shows_the_last_drafter_and_that_it_ended(told: list[Event]) -> None:
    fold = Fold()
    for event in told:
        fold.take(event)
    digest = fold.digest()
    assert (digest.kind, digest.method, digest.end) == ("measurement", "longcontext", "finished")
    assert digest.speedup is not None and digest.alpha is not None


def test_the_pair_in_memory_is_used_again(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "t")
    session, command = Session(), replace(SHORT, target=spec)
    list(session.do(command, Flag()))
    target = session.target
    list(session.do(command, Flag()))
    assert session.target is target
