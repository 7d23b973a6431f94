"""State of the models of a hub: what was looked up, offered, listed, downloaded and removed."""

from typing import Literal, TypeAlias

from app.panels.get_model import words
from app.state.store import RunStore
from app.state.tab_state import TabState
from engine.commands import Command, GetModel, ListModels, LookUpModel, OfferPairs, RemoveModel
from engine.events import (
    Event,
    FileDownloaded,
    ModelDescribed,
    ModelDownloaded,
    ModelRemoved,
    ModelsListed,
    PairsOffered,
    Progressed,
    Refused,
    RunFailed,
)

Step: TypeAlias = Literal["nothing", "looking", "described", "downloading", "downloaded", "removing", "refused"]
_NAMES = {"lookupmodel": "looking", "getmodel": "downloading", "removemodel": "removing"}


class ModelDownloads(TabState):
    """At most one model is looked up or downloaded at a time.

    step: how far that is. spec, revision: of the model asked for. complete: names of its files that are complete.
    refused: why the last step did not succeed. removed: the model removed last, for the line that says so."""

    work = GetModel

    def __init__(self, store: RunStore) -> None:
        self.commands = store.commands
        self._store = store
        self.step: Step = "nothing"
        self.spec, self.revision = "", "main"
        self.described: ModelDescribed | None = None
        self.downloaded: ModelDownloaded | None = None
        self.progressed: Progressed | None = None
        self.complete: frozenset[str] = frozenset()
        self.refused: Refused | None = None
        self.removed: ModelRemoved | None = None
        self.offered: PairsOffered | None = None
        self.listed: ModelsListed | None = None

    # What is asked of the engine

    def look_up(self, spec: str, revision: str) -> None:
        """Ask the hub what downloading a model would bring."""
        self._forget()
        self.step, self.spec, self.revision = "looking", spec, revision
        self._store.ask(LookUpModel(spec, revision))

    def get(self) -> None:
        """Download the model that was looked up."""
        self._store.make_way()
        self.step, self.refused, self.progressed, self.complete = "downloading", None, None, frozenset()
        self._ask(GetModel(self.spec, self.revision))

    def remove(self, spec: str) -> None:
        """Remove a model from the cache."""
        self._forget()
        self.step, self.spec = "removing", spec
        self._ask(RemoveModel(spec))

    def look_around(self, device: str, dtype: str) -> None:
        """Ask which pairs fit and what is cached; neither uses the network."""
        self._store.ask(OfferPairs(device, dtype))
        self._store.ask(ListModels())

    def _ask(self, command: Command) -> None:
        self.commands.ask(command)
        self._store.watch()

    def _forget(self) -> None:
        self.described, self.downloaded, self.progressed, self.refused = None, None, None, None
        self.removed, self.complete = None, frozenset()

    # What the engine answers

    @property
    def stopping(self) -> str:
        """What the stop of a download waits for, in words; empty where none is being stopped."""
        return self._store.stopping

    def status(self, at: Progressed | None) -> str:
        """Describe the progress of the download."""
        return self.stopping or words.status(self.spec, self.progressed)

    def take(self, event: Event) -> bool:
        """Take in an event. Returns whether it is about models of a hub; progress belongs to the status line, too."""
        match event:
            case ModelDescribed():
                self.described = event
                self.step = "downloading" if self.step == "downloading" else "described"
            case FileDownloaded():
                self.complete |= {event.name}
            case ModelDownloaded():
                self.downloaded, self.step = event, "downloaded"
                self._store.models_changed.emit()
            case ModelRemoved():
                self.removed, self.step = event, "nothing"
                self._store.models_changed.emit()
            case PairsOffered():
                self.offered = event
            case ModelsListed():
                self.listed = event
            case _:
                if isinstance(event, Progressed) and event.phase == "downloading":
                    self.progressed = event
                return False
        return True

    def fail(self, event: Refused | RunFailed) -> None:
        """Note why the step under way did not succeed; a question that was interrupted is asked again."""
        if not isinstance(event, Refused) or _NAMES.get(event.what) != self.step:
            return
        if self.step != "looking" or not self.commands.stepping_aside:
            self.step, self.refused = "refused", event

    def cancelled(self) -> None:
        """Drop a step that was stopped before the engine received it."""
        waits = any(self.commands.has(kind) for kind in (LookUpModel, GetModel, RemoveModel))
        if self.step in _NAMES.values() and not waits:
            self.step = "described" if self.described is not None else "nothing"
