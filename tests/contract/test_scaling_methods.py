"""What every method of scaling keeps to: order of events, repeatability, stopping, traces, bad input."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest

from engine import events, methods
from engine.commands import Run
from engine.errors import InputError
from engine.events import AnyEvent, Event, RunFinished, RunStarted, ScalingAnswered, TokensEmitted
from engine.rag.memo import Memo
from engine.runs import trace
from engine.runs.trace import TraceWriter
from engine.runtime import Cancelled
from engine.settings import Request, make_config
from tests.library import TEXTS, index_of
from tests.scaling import BRIDGE, session

METHODS = sorted(name for name, found in methods.discover().items() if found.workspace == "scaling")
_TIMES = ("at_s", "ms", "latency_ms", "ttft_ms", "prefill_ms", "decode_ms", "retrieving_ms", "plain_decode_ms")
_VARYING = (*_TIMES, "run_id", "started_utc")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    return index_of(TEXTS, tmp_path_factory.mktemp("index"))


def log(index: str, name: str, flag: Flag | None = None, **settings: events.Setting) -> Iterator[Event]:
    """A run's events, nothing of earlier runs being known."""
    session().memo = Memo()
    known = methods.discover()[name].config.__struct_fields__
    usual = {"max_new_tokens": 24, "index": index, "k": 3, "m": 0, "budget": 400}  # too little for demonstrations
    chosen = {**{key: value for key, value in usual.items() if key in known}, **settings}
    found = session().do(Run(name, chosen, Request(BRIDGE)), flag or Flag())
    return (event for event in found if not isinstance(event, events.Progressed))


def timeless(event: Event) -> dict[str, object]:
    return {key: value for key, value in msgspec.to_builtins(event).items() if key not in _VARYING}


@pytest.mark.parametrize("name", METHODS)
def test_log_is_framed_repeats_itself_and_survives_the_trace(index: str, name: str, tmp_path: Path) -> None:
    found, again = (list(log(index, name, baselines="all")) for _ in range(2))
    assert isinstance(found[0], RunStarted) and isinstance(found[-1], RunFinished)
    assert (found[0].method, found[0].prompt) == (name, BRIDGE)
    answers = [event for event in found if isinstance(event, ScalingAnswered)]
    assert answers[-1].same_as_plain is True and answers[-1].plain_decode_ms is not None
    assert [timeless(event) for event in found] == [timeless(event) for event in again]
    writer = TraceWriter(tmp_path / "trace.jsonl")
    for event in found:
        writer.write(event)
        assert msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) == event
    writer.close()
    assert list(trace.read(writer.path).events) == found


@pytest.mark.parametrize("name", METHODS)
def test_another_seed_gives_another_text(index: str, name: str) -> None:
    texts = [
        [event.text for event in log(index, name, temperature=4.0, seed=seed) if isinstance(event, TokensEmitted)]
        for seed in (5, 6)
    ]
    assert texts[0] != texts[1]


@pytest.mark.parametrize("name", METHODS)
def test_stop_ends_the_run_within_two_rounds(index: str, name: str) -> None:
    flag, after = Flag(), 0
    with pytest.raises(Cancelled):
        for event in log(index, name, flag):
            after += flag.is_set() and isinstance(event, TokensEmitted)
            if isinstance(event, TokensEmitted):
                flag.set()
    assert after <= 2


@pytest.mark.parametrize("name", METHODS)
def test_settings_have_a_default_a_title_and_help_and_bad_input_is_refused(name: str, tmp_path: Path) -> None:
    kind = methods.find(name).config
    make_config(kind, {})
    for field in msgspec.structs.fields(kind):
        metas = [meta for meta in field.type.__metadata__ if isinstance(meta, msgspec.Meta)]
        assert any(meta.title and meta.description for meta in metas), field.name
    with pytest.raises(InputError, match="the question is empty"):
        list(session().do(Run(name, {}, Request(" ")), Flag()))
    with pytest.raises(InputError, match="there is no index at"):
        list(session().do(Run(name, {"index": str(tmp_path / "none")}, Request(BRIDGE)), Flag()))
