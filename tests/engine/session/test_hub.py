"""Commands about models of a hub: each goes to the function that knows, with what the command says."""

from collections.abc import Iterator
from threading import Event as Flag

import pytest

from engine.commands import GetModel, ListModels, LookUpModel, OfferPairs, RemoveModel
from engine.events import Event, FileDownloaded, ModelRemoved, ModelsListed, PairsOffered
from engine.hub import cached
from engine.hub.child import HubRequest
from engine.session import hub
from engine.session.session import Session, handlers


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


@pytest.mark.parametrize(
    ("command", "request_of_it"),
    [
        (LookUpModel("org/x", "v1"), HubRequest("look_up", "org/x", "v1")),
        (GetModel("org/x"), HubRequest("get", "org/x", "main")),
    ],
)
def test_a_hub_is_asked_what_the_command_asks(
    session: Session, monkeypatch: pytest.MonkeyPatch, command: LookUpModel | GetModel, request_of_it: HubRequest
) -> None:
    def asked(request: HubRequest, cancelled: Flag) -> Iterator[Event]:
        assert (request, cancelled.is_set()) == (request_of_it, False)
        yield FileDownloaded("x", 1, 1)

    monkeypatch.setattr(hub, "hub_events", asked)
    assert list(session.do(command)) == [FileDownloaded("x", 1, 1)]


def test_pairs_and_cached_models_are_answered_without_a_hub(
    session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    (offered,) = session.do(OfferPairs("cpu", "float32"))
    (listed,) = session.do(ListModels())
    assert isinstance(offered, PairsOffered)
    assert isinstance(listed, ModelsListed)
    assert listed.models == ()


def test_a_removal_is_of_the_model_named(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "removal", lambda spec: spec)
    monkeypatch.setattr(cached, "remove", lambda what: ModelRemoved(what, 7))
    assert list(session.do(RemoveModel("org/x"))) == [ModelRemoved("org/x", 7)]


def test_every_command_has_its_handler() -> None:
    assert {LookUpModel, GetModel, OfferPairs, ListModels, RemoveModel} <= handlers().keys()
