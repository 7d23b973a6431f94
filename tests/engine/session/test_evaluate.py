"""What a host evaluates: figures that grow, an end that can be had at any time, a file that is gone on with."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag

import msgspec
import pytest

from engine.commands import Evaluate, Load
from engine.errors import EngineError, InputError
from engine.evaluation.file import Grid
from engine.evaluation.turns import ScalingSystems
from engine.events import EvaluationMeasured, Event, ModelLoaded, Progressed, Refused, Setting
from engine.host.thread_host import ThreadHost
from engine.host.wire import ORDERS, SAYINGS, framed
from engine.runtime import Cancelled
from engine.session import evaluate
from engine.session.session import Session
from tests import encoders
from tests.evaluations import write_questions

PAIR = Load("builtin", "builtin:rag", device="cpu")
SETTINGS = {"n": 4, "m": 3, "k": 2, "max_new_tokens": 48, "index": "builtin"}


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    list(made.do(Load(PAIR.target, PAIR.drafter, device="cpu")))
    return made


@pytest.fixture
def asked(tmp_path: Path) -> Evaluate:
    encoder = str(encoders.save(tmp_path / "encoder"))
    return Evaluate(write_questions(tmp_path / "own.jsonl"), SETTINGS, {"questions": 3, "seed": 5}, embedder=encoder)


def figures_of(events: Iterator[Event]) -> list[EvaluationMeasured]:
    return [event for event in events if isinstance(event, EvaluationMeasured)]


def test_what_is_asked_becomes_a_plan_with_the_seed_of_its_own() -> None:
    plan = evaluate.planned(Evaluate("builtin", {**SETTINGS, "seed": 1}, {"questions": 7, "seed": 5}))
    assert (plan.dataset, plan.n_questions, plan.config.seed, plan.config.n) == ("builtin", 7, 5, 4)
    assert (plan.kinds, plan.grid, plan.index_spec, plan.scaling) == ((), Grid(), "", None)
    assert plan.form == "pages"
    options: dict[str, Setting] = {"scaling": True, "shots": 2, "iterations": 3, "kinds": "bridge, claim"}
    scaled = evaluate.planned(Evaluate("builtin", SETTINGS, options))
    assert scaled.kinds == ("bridge", "claim") and scaled.scaling == ScalingSystems(2, 3, "builtin")
    whole = evaluate.planned(Evaluate("builtin", SETTINGS, {"ablation": True, "form": "notes"}))
    assert whole.form == "notes"
    assert whole.grid == Grid(("one_per_cluster", "in_turn", "random", "same_cluster"), (3,), (2,))


@pytest.mark.parametrize(("settings", "options"), [({"m": 0}, {}), ({}, {"questions": 0}), ({}, {"odd": 1})])
def test_what_is_out_of_bounds_is_refused(settings: dict[str, int], options: dict[str, int]) -> None:
    with pytest.raises(InputError):
        evaluate.planned(Evaluate("builtin", settings, options))


def test_figures_grow_until_all_questions_are_asked(session: Session, asked: Evaluate) -> None:
    said = list(session.do(asked, Flag()))
    steps = figures_of(iter(said))
    assert [one.complete for one in steps] == [False] * (len(steps) - 1) + [True]
    assert [one.figures.n_answered for one in steps][:2] == [0, 1]
    assert said[-1] is steps[-1] and steps[-1].figures.n_answered == 3
    assert [event.done for event in said if isinstance(event, Progressed)][-3:] == [1, 2, 3]
    assert SAYINGS.decode(bytes(framed(steps[-1]))[4:]) == steps[-1]
    assert ORDERS.decode(bytes(framed(asked))[4:]) == asked


def test_a_stopped_evaluation_says_what_it_has_and_goes_on_there(session: Session, asked: Evaluate) -> None:
    flag, said = Flag(), []
    with pytest.raises(Cancelled):
        for event in session.do(asked, flag):
            said.append(event)
            if isinstance(event, EvaluationMeasured) and event.figures.n_answered == 2:
                flag.set()
    counts = [one.figures.n_answered for one in figures_of(iter(said))]
    assert len(set(counts)) == len(counts), "nothing is summed up twice"
    last = figures_of(iter(said))[-1]
    assert (last.complete, last.figures.n_answered) == (False, 2)
    assert Path(last.file).read_bytes().count(b'"event":"question"') == 2
    again = figures_of(session.do(asked, Flag()))
    assert again[-1].file == last.file
    assert (again[-1].complete, again[-1].figures.n_answered) == (True, 3)


def test_a_stop_before_the_first_question_starts_nothing(session: Session, asked: Evaluate) -> None:
    flag = Flag()
    flag.set()
    with pytest.raises(EngineError, match="stopped"):
        list(session.do(msgspec.structs.replace(asked, dataset="builtin"), flag))


def test_a_host_evaluates_stops_and_goes_on(asked: Evaluate) -> None:
    host = ThreadHost()
    try:
        host.submit(PAIR)
        host.submit(asked)
        stopped = False
        while not isinstance(event := host.inbox.get(timeout=250), Refused):
            if isinstance(event, EvaluationMeasured) and event.figures.n_answered == 1 and not stopped:
                stopped = True
                host.cancel()
        assert (event.what, event.reason) == ("evaluate", "stopped by the user")
        host.submit(asked)
        while not isinstance(event := host.inbox.get(timeout=250), EvaluationMeasured) or not event.complete:
            assert not isinstance(event, Refused | ModelLoaded)
        assert event.figures.n_answered == 3
    finally:
        assert host.close()
