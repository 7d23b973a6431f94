"""What every method keeps to, whoever wrote it: order of events, repeatability, stopping, traces."""

from functools import cache
from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest

from engine import events, methods
from engine.commands import Load, Run
from engine.events import AnyEvent, Event, RoundFinished, RunFinished, RunStarted
from engine.runs import trace
from engine.runs.trace import TraceWriter
from engine.runtime import Cancelled
from engine.session.session import Session
from engine.settings import Request, make_config
from tests import fakes

METHODS = sorted(name for name, found in methods.discover().items() if found.workspace == "decode")
_TIMES = ("draft_ms", "verify_ms", "other_ms", "at_s", "ms", "prefill_ms", "decode_ms", "first_ms", "target_step_ms")
_VARYING = (*_TIMES, "draft_step_ms", "run_id", "started_utc", "margin")


@pytest.fixture(scope="module", params=["fused", "modules"])
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("pair")
    target = fakes.model(sharpness=2.0)
    made = Session()
    drafter = fakes.save(fakes.noisy_copy(target, noise=0.3), folder / "d")
    list(made.do(Load(fakes.save(target, folder / "t"), drafter, runtime=request.param)))
    return made


def log(session: Session, name: str, **settings: events.Setting) -> list[Event]:
    short = {"repeats": 2} if "repeats" in methods.find(name).config.__struct_fields__ else {}
    chosen = {"max_new_tokens": 24, **short, **settings}
    return list(session.do(Run(name, chosen, Request("The harbour")), Flag()))


@cache
def usual_log(session: Session, name: str) -> list[Event]:
    """That of a run with the usual settings, run once for all that only reads it."""
    return log(session, name)


def timeless(event: Event) -> dict[str, object]:
    return {key: value for key, value in msgspec.to_builtins(event).items() if key not in _VARYING}


@pytest.mark.parametrize("name", METHODS)
def test_log_begins_with_the_start_and_ends_with_the_end(session: Session, name: str) -> None:
    found = usual_log(session, name)
    assert isinstance(found[0], RunStarted)
    assert isinstance(found[-1], RunFinished)
    assert [type(event) for event in found].count(RunStarted) == 1
    assert [event.round for event in found if isinstance(event, RoundFinished)] == list(
        range(sum(isinstance(event, RoundFinished) for event in found))
    )


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_same_seed_gives_the_same_log_and_another_seed_another_text(
    session: Session, name: str, temperature: float
) -> None:
    first, second = (log(session, name, temperature=temperature, seed=5) for _ in range(2))
    assert [timeless(event) for event in first] == [timeless(event) for event in second]
    other = log(session, name, temperature=temperature, seed=6)
    rounds = [[event.emitted for event in run if isinstance(event, RoundFinished)] for run in (first, other)]
    assert (rounds[0] == rounds[1]) == (temperature == 0.0)


@pytest.mark.parametrize("name", METHODS)
def test_stop_ends_the_run_within_two_rounds(session: Session, name: str) -> None:
    flag, after = Flag(), 0
    with pytest.raises(Cancelled):
        for event in session.do(Run(name, {"max_new_tokens": 100}, Request("The harbour")), flag):
            after += flag.is_set() and isinstance(event, RoundFinished)
            if isinstance(event, RoundFinished) and event.round == 2:
                flag.set()
    assert after <= 2


@pytest.mark.parametrize("name", METHODS)
def test_every_event_survives_the_trace(session: Session, name: str, tmp_path: Path) -> None:
    found = [event for event in usual_log(session, name) if not isinstance(event, events.Progressed)]
    writer = TraceWriter(tmp_path / "trace.jsonl")
    for event in found:
        writer.write(event)
        assert msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) == event
    writer.close()
    assert list(trace.read(writer.path).events) == found


@pytest.mark.parametrize("name", METHODS)
def test_emitted_tokens_are_as_many_as_asked_for(session: Session, name: str) -> None:
    for n in (1, 2, 3, 7, 24):
        found = log(session, name, max_new_tokens=n, stop_at_end=False)
        assert sum(len(event.emitted) for event in found if isinstance(event, RoundFinished)) == n
        assert found[-1] == RunFinished("length", n, at_s=found[-1].at_s)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_has_a_default_a_title_and_help(name: str) -> None:
    kind = methods.find(name).config
    make_config(kind, {})
    for field in msgspec.structs.fields(kind):
        metas = [meta for meta in field.type.__metadata__ if isinstance(meta, msgspec.Meta)]
        assert any(meta.title and meta.description for meta in metas), field.name
