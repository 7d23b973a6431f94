"""The state of a download: each step follows the engine's events, and a refusal belongs to its own step."""

import pytest
from msgspec.structs import replace

from app.panels.get_model.downloads import ModelDownloads
from app.state.store import RunStore
from engine.commands import GetModel, ListModels, LookUpModel, OfferPairs, RemoveModel
from engine.events import Event, FileDownloaded, ModelRemoved, Progressed, Refused
from tests.app.factory import FakeHost
from tests.app.panels.get_model.models import DESCRIBED, DOWNLOADED, LISTED, OFFERED


class Engine:
    """A store with an engine that says what a test wants."""

    def __init__(self) -> None:
        self.store, self.host = RunStore(), FakeHost()
        self.store.attach(self.host)
        self.state = self.store.tab(ModelDownloads)

    def say(self, *events: Event) -> None:
        self.host.say(*events)
        self.store.pump()


@pytest.fixture
def engine(qapp: object) -> Engine:
    return Engine()


def test_a_model_is_looked_up_then_downloaded_then_usable(engine: Engine) -> None:
    changed: list[int] = []
    engine.store.models_changed.connect(lambda: changed.append(1))
    engine.state.look_up("org/x", "v1")
    assert (engine.state.step, engine.host.submitted[-1]) == ("looking", LookUpModel("org/x", "v1"))
    engine.say(DESCRIBED)
    assert (engine.state.step, engine.state.described) == ("described", DESCRIBED)
    engine.state.get()
    assert engine.host.submitted[-1] == GetModel("org/x", "v1")
    assert engine.store.may_start() == "a model is being downloaded"
    at = Progressed("downloading", 10, 100, "bytes", 1.0)
    engine.say(DESCRIBED, at, FileDownloaded("config.json", 10, 10))
    assert (engine.state.step, engine.state.progressed, engine.state.complete) == (
        "downloading", at, frozenset({"config.json"}),
    )  # fmt: skip
    assert "10 B of 100 B" in engine.state.status(at)
    engine.say(DOWNLOADED)
    assert (engine.state.step, engine.state.downloaded, changed) == ("downloaded", DOWNLOADED, [1])
    assert engine.store.may_start() == ""


def test_a_refusal_belongs_to_the_step_that_was_refused(engine: Engine) -> None:
    engine.state.look_up("org/x", "main")
    engine.say(Refused("load", "no such model", "choose another"))
    assert engine.state.step == "looking"
    engine.state.look_up("org/x", "main")
    engine.say(Refused("lookupmodel", "there is no model org/x", "check the spelling"))
    assert (engine.state.step, engine.state.refused.reason) == ("refused", "there is no model org/x")  # type: ignore[union-attr]
    engine.state.look_up("org/x", "main")
    assert engine.state.refused is None


def test_a_stop_says_what_is_kept(engine: Engine) -> None:
    engine.state.look_up("org/x", "main")
    engine.say(DESCRIBED)
    engine.state.get()
    engine.store.cancel()
    engine.say(Refused("getmodel", "stopped by the user", "get it again: it continues from what is there"))
    assert engine.state.step == "refused"
    assert "continues" in engine.state.refused.hint  # type: ignore[union-attr]
    assert engine.store.trouble is None


def test_a_download_that_never_began_leaves_no_trace(qapp: object) -> None:
    store = RunStore()
    state = store.tab(ModelDownloads)
    state.look_up("org/x", "main")
    store.cancel()
    state.get()
    store.cancel()
    assert state.step == "nothing"
    store.close()


def test_pairs_and_the_cache_are_asked_for_without_the_network(engine: Engine) -> None:
    engine.state.look_around("auto", "auto")
    assert engine.host.submitted == [OfferPairs("auto", "auto")]
    engine.say(OFFERED)
    assert engine.host.submitted[-1] == ListModels()
    engine.say(LISTED)
    assert (engine.state.offered, engine.state.listed) == (OFFERED, LISTED)


def test_a_removed_model_is_said_and_changes_what_there_is(engine: Engine) -> None:
    changed: list[int] = []
    engine.store.models_changed.connect(lambda: changed.append(1))
    engine.state.remove("org/x")
    assert (engine.state.step, engine.host.submitted) == ("removing", [RemoveModel("org/x")])
    engine.say(ModelRemoved("org/x", 5))
    assert (engine.state.step, engine.state.removed, changed) == ("nothing", ModelRemoved("org/x", 5), [1])


def test_a_gated_model_stays_described_with_its_reason(engine: Engine) -> None:
    engine.state.look_up("org/x", "main")
    gated = replace(DESCRIBED, why_not="org/x is gated", hint="accept its terms")
    engine.say(gated)
    assert (engine.state.step, engine.state.described) == ("described", gated)
