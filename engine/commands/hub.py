"""Commands that get models of a hub and remove them.

* imports neither Qt nor torch."""

from typing import ClassVar

from engine.commands.order import Order
from engine.events import Event, ModelDownloaded, ModelRemoved


class GetModel(Order, frozen=True, tag=True):
    """Download a model of a hub into its cache. spec: OWNER/NAME, or OWNER/NAME/FILE.gguf; revision: a branch, a tag or
    a commit."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelDownloaded,)
    after_stop: ClassVar[str] = "get it again: it continues from what is there"
    doing: ClassVar[str] = "downloading"
    under_way: ClassVar[str] = "a model is being downloaded"

    spec: str
    revision: str = "main"


class RemoveModel(Order, frozen=True, tag=True):
    """Remove a model from the hub's cache, with all its revisions, or what a GGUF file was converted into."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelRemoved,)
    doing: ClassVar[str] = "removing"
    under_way: ClassVar[str] = "a model is being removed"

    spec: str
