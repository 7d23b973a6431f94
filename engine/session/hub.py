"""Looks models up on a hub, downloads them, offers pairs of them, and lists and removes what is cached."""

from collections.abc import Iterator
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.commands import GetModel, ListModels, LookUpModel, OfferPairs, RemoveModel
from engine.events import Event
from engine.hub import cached, offering
from engine.hub.child import HubRequest
from engine.hub.process import hub_events

if TYPE_CHECKING:
    from engine.session.session import Session


def look_up(session: "Session", command: LookUpModel, cancelled: Flag) -> Iterator[Event]:
    """Ask a hub what a download would bring; see `hub.getting`."""
    yield from hub_events(HubRequest("look_up", command.spec, command.revision), cancelled)


def get(session: "Session", command: GetModel, cancelled: Flag) -> Iterator[Event]:
    """Download a model; see `hub.getting` for the events."""
    yield from hub_events(HubRequest("get", command.spec, command.revision), cancelled)


def offer(session: "Session", command: OfferPairs, cancelled: Flag) -> Iterator[Event]:
    """List pairs whose models fit each other, and whether they fit this machine."""
    yield offering.offered_pairs(device=command.device, dtype=command.dtype)


def listed(session: "Session", command: ListModels, cancelled: Flag) -> Iterator[Event]:
    """List the models in the hub's cache."""
    yield cached.listed()


def remove(session: "Session", command: RemoveModel, cancelled: Flag) -> Iterator[Event]:
    """Remove a model from the hub's cache."""
    yield cached.remove(cached.removal(command.spec))


HANDLERS = {LookUpModel: look_up, GetModel: get, OfferPairs: offer, ListModels: listed, RemoveModel: remove}
