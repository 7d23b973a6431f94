"""What a host measures of a loaded pair: points that grow, an end that can be had at any time, nothing left behind."""

import time
from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest
import torch

from engine.commands import Load, Measure
from engine.errors import EngineError, InputError
from engine.events import Event, Progressed, Refused, ScalingMeasured
from engine.host.process_host import ProcessHost
from engine.host.thread_host import Host, ThreadHost
from engine.host.wire import SAYINGS, framed
from engine.measuring import systems
from engine.session.session import Session
from tests import fakes

PAIR = Load("timing:tiny", "timing:tiny-draft@0.7", device="cpu")
ASKED = Measure(2, contexts=(16, 40), gammas=(1, 3), batches=(2,), n_new=8, n_blocks=3)
ENDLESS = Measure(2, contexts=(16,), gammas=(1,), batches=(), n_new=8, n_blocks=200)


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    list(made.do(Load(PAIR.target, PAIR.drafter, device="cpu")))
    return made


@pytest.fixture(scope="module")
def said(session: Session) -> list[Event]:
    assert session.target is not None
    kept = session.target.model.generation_config
    found = list(session.do(ASKED, Flag()))
    assert session.target.model.generation_config is kept
    return found


def test_the_points_grow_part_by_part_and_the_last_word_is_all_of_them(said: list[Event]) -> None:
    steps = [event for event in said if isinstance(event, ScalingMeasured)]
    assert [(len(one.contexts), len(one.batches), len(one.gammas)) for one in steps] == [
        (1, 0, 0), (2, 0, 0), (2, 1, 0), (2, 1, 2),
    ]  # fmt: skip
    assert [one.complete for one in steps] == [False, False, False, True]
    assert said[-1] is steps[-1]
    assert any(isinstance(event, Progressed) for event in said)
    last = steps[-1]
    assert (last.target, last.drafter, last.gamma, last.gamma_context) == (PAIR.target, PAIR.drafter, 2, 16)
    assert [point.gamma for point in last.gammas] == [1, 3]
    assert last.plain_ms_per_token is not None
    assert last.plain_ms_per_token.value > 0


def test_a_measurement_survives_the_pipe_and_a_file(said: list[Event]) -> None:
    assert SAYINGS.decode(bytes(framed(said[-1]))[4:]) == said[-1]
    assert msgspec.json.decode(msgspec.json.encode(said[-1]), type=ScalingMeasured) == said[-1]


@pytest.mark.parametrize(("contexts", "measured"), [((16, 4000), [16]), ((4000,), [fakes.CONTEXT - 8])])
def test_contexts_without_room_are_left_out_and_the_room_itself_takes_the_place_of_all(
    contexts: tuple[int, ...], measured: list[int], tmp_path: Path
) -> None:
    target = fakes.model(sharpness=3.0)
    session = Session()
    list(session.do(Load(fakes.save(target, tmp_path / "t"), fakes.save(fakes.noisy_copy(target), tmp_path / "d"))))
    asked = msgspec.structs.replace(ASKED, contexts=contexts, gammas=(1,), batches=())
    *_, last = session.do(asked, Flag())
    assert isinstance(last, ScalingMeasured)
    assert [point.context for point in last.contexts] == measured


def test_a_stop_is_heard_within_a_round(session: Session) -> None:
    stop = Flag()
    stop.set()
    with pytest.raises(EngineError, match="stopped"):
        list(session.do(ASKED, stop))


def test_generate_of_transformers_ends_at_a_stop_too(session: Session) -> None:
    assert session.target is not None
    stop = Flag()
    call = systems.transformers_generate(session.target.model, None, gamma=0, n_new=64, marked=True, cancelled=stop)
    assert len(call([5, 6, 7]).ids) == 64
    stop.set()
    assert len(call([5, 6, 7]).ids) == 1


def test_a_mark_of_generate_lies_behind_the_work_of_its_ids(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert session.target is not None
    waits: list[torch.device] = []
    monkeypatch.setattr(systems, "settle", waits.append)
    systems.transformers_generate(session.target.model, None, gamma=0, n_new=5, marked=True)([5, 6, 7])
    assert waits == [session.target.device] * 5


@pytest.mark.parametrize(("drafter", "words"), [("lookup", "lookup is no drafter model"), ("none", "none is no")])
def test_a_pair_without_a_drafter_model_is_refused_by_name(drafter: str, words: str) -> None:
    session = Session()
    with pytest.raises(InputError, match="no pair is loaded"):
        list(session.do(ASKED, Flag()))
    list(session.do(Load(PAIR.target, drafter, device="cpu")))
    with pytest.raises(InputError, match=words):
        list(session.do(ASKED, Flag()))


def until(host: Host, kind: type[Event], *, most_s: float = 120.0) -> Event:
    """The next event of a kind."""
    end = time.monotonic() + most_s
    while time.monotonic() < end:
        event = host.inbox.get(timeout=most_s)
        if isinstance(event, kind):
            return event
        assert not isinstance(event, Refused), event
    raise AssertionError(f"no {kind.__name__}")


@pytest.mark.parametrize("make", [ThreadHost, ProcessHost])
def test_either_host_stops_a_measurement_and_runs_on(make: type[Host], tmp_path: Path) -> None:
    host = make(tmp_path)  # type: ignore[call-arg]
    try:
        host.submit(PAIR)
        host.submit(ENDLESS)
        until(host, Progressed)
        while until(host, Progressed).unit != "blocks":  # type: ignore[attr-defined]
            pass
        host.cancel()
        refused = until(host, Refused)
        assert (refused.what, refused.reason) == ("measure", "stopped by the user")  # type: ignore[attr-defined]
        host.submit(ASKED)
        while not until(host, ScalingMeasured).complete:  # type: ignore[attr-defined]
            pass
    finally:
        assert host.close()
