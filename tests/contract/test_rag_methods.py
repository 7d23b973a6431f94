"""What every method over documents keeps to: order of events, repeatability, stopping, traces."""

from functools import cache
from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest

from engine import events, methods
from engine.commands import Load, Run
from engine.errors import InputError
from engine.events import AnyEvent, Event, QuestionAnswered, Retrieved, RunFinished, RunStarted, TokensEmitted
from engine.rag.memo import Memo
from engine.runs import trace
from engine.runs.trace import TraceWriter
from engine.runtime import Cancelled
from engine.session.session import Session
from engine.settings import Request, make_config
from tests.library import QUESTION, TEXTS, index_of

METHODS = sorted(name for name, found in methods.discover().items() if found.workspace == "rag")
_TIMES = ("at_s", "ms", "latency_ms", "ttft_ms", "prefill_ms", "decode_ms", "predicted_ms", "measured_ms", "terms")
_VARYING = (*_TIMES, "run_id", "started_utc")


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    list(made.do(Load("builtin", "builtin:rag", device="cpu")))
    return made


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> str:
    return index_of(TEXTS, tmp_path_factory.mktemp("index"))


def log(session: Session, index: str, name: str, **settings: events.Setting) -> list[Event]:
    """A run's events, nothing of earlier runs being known."""
    session.memo = Memo()
    chosen = {"max_new_tokens": 48, "index": index, "n": 6, **settings}
    found = session.do(Run(name, chosen, Request(QUESTION)), Flag())
    return [event for event in found if not isinstance(event, events.Progressed)]


@cache
def usual_log(session: Session, index: str, name: str) -> list[Event]:
    """That of a run with the usual settings, run once for all that only reads it."""
    return log(session, index, name)


def timeless(event: Event) -> dict[str, object]:
    return {key: value for key, value in msgspec.to_builtins(event).items() if key not in _VARYING}


@pytest.mark.parametrize("name", METHODS)
def test_log_begins_with_the_start_and_ends_with_the_end(session: Session, index: str, name: str) -> None:
    found = usual_log(session, index, name)
    assert isinstance(found[0], RunStarted) and isinstance(found[-1], RunFinished)
    assert found[0].method == name and found[0].prompt == QUESTION
    kinds = [type(event) for event in found]
    assert kinds.count(RunStarted) == kinds.count(Retrieved) == 1
    assert QuestionAnswered in kinds


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("temperature", [0.0, 4.0])
def test_same_seed_gives_the_same_log_and_another_seed_another_text(
    session: Session, index: str, name: str, temperature: float
) -> None:
    first, second = (log(session, index, name, temperature=temperature, seed=5) for _ in range(2))
    assert [timeless(event) for event in first] == [timeless(event) for event in second]
    if temperature:
        other = log(session, index, name, temperature=temperature, seed=6)
        texts = [[event.text for event in run if isinstance(event, TokensEmitted)] for run in (first, other)]
        assert texts[0] != texts[1]


@pytest.mark.parametrize("name", METHODS)
def test_stop_ends_the_run_within_two_rounds(session: Session, index: str, name: str) -> None:
    session.memo = Memo()
    flag, after = Flag(), 0
    with pytest.raises(Cancelled):
        for event in session.do(Run(name, {"index": index, "n": 6}, Request(QUESTION)), flag):
            after += flag.is_set() and isinstance(event, TokensEmitted)
            if isinstance(event, TokensEmitted):
                flag.set()
    assert after <= 2 * 5


@pytest.mark.parametrize("name", METHODS)
def test_every_event_survives_the_trace(session: Session, index: str, name: str, tmp_path: Path) -> None:
    found = usual_log(session, index, name)
    writer = TraceWriter(tmp_path / "trace.jsonl")
    for event in found:
        writer.write(event)
        assert msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) == event
    writer.close()
    assert list(trace.read(writer.path).events) == found


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_has_a_default_a_title_and_help(name: str) -> None:
    kind = methods.find(name).config
    make_config(kind, {})
    for field in msgspec.structs.fields(kind):
        metas = [meta for meta in field.type.__metadata__ if isinstance(meta, msgspec.Meta)]
        assert any(meta.title and meta.description for meta in metas), field.name


@pytest.mark.parametrize("name", METHODS)
def test_empty_question_and_missing_index_are_refused(session: Session, name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the question is empty"):
        list(session.do(Run(name, {}, Request(" ")), Flag()))
    with pytest.raises(InputError, match="there is no index at"):
        list(session.do(Run(name, {"index": str(tmp_path / "none")}, Request(QUESTION)), Flag()))


def test_drafter_that_is_no_model_is_refused_with_the_way_out() -> None:
    made = Session()
    list(made.do(Load("builtin", "lookup", device="cpu")))
    with pytest.raises(InputError, match="the drafter lookup is no model: it cannot draft answers; load builtin:rag"):
        list(made.do(Run("speculative_rag", {}, Request(QUESTION))))


def test_map_that_needs_what_is_not_installed_is_refused_first(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.documents.projection.find_spec", lambda name: None)
    with pytest.raises(InputError, match="umap is not installed"):
        list(session.do(Run("speculative_rag", {"projection": "umap"}, Request(QUESTION)), Flag()))


def test_loading_other_models_forgets_what_the_models_made_before(session: Session, index: str) -> None:
    log(session, index, "speculative_rag")
    assert len(session.memo.drafts) and len(session.memo.scores)
    list(session.do(Load("builtin", "builtin:rag", device="cpu")))
    assert not len(session.memo.drafts) and not len(session.memo.scores) and len(session.memo.found)
