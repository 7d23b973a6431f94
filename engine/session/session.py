"""Holds the loaded models and executes commands on them: the torch side of a host, also used by the command line.

Each family of commands has its own file next to this one, which is discovered by its `HANDLERS`."""

import importlib
import pkgutil
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cache, partial
from threading import Event as Flag
from typing import Any, TypeAlias, TypeVar

import torch

from engine import drafters
from engine import session as families
from engine.commands import Command, Load
from engine.decoding.drafting import Drafter
from engine.decoding.policies.round_times import RoundTimes
from engine.documents import embedding
from engine.documents.embedding import Embedder
from engine.errors import InputError
from engine.evaluation.demonstrations import PoolMaker
from engine.events import Event
from engine.machine import threads, versions
from engine.machine.out_of_memory import memory_errors
from engine.machine.panics import without_panics
from engine.machine.quiet import quiet_libraries
from engine.models.hashes import pair_hashes
from engine.models.loading import LoadedModel, Pair
from engine.rag.library import opened
from engine.rag.memo import Memo
from engine.runtime import DocumentResources, Provenance, RunContext
from engine.session.memory import release_memory
from engine.session.work_start import PairInUse, with_start

Item = TypeVar("Item")
Handler: TypeAlias = Callable[["Session", Any, Flag], Iterator[Event]]
_SHORTER = "shorten the prompt or the run, or use a smaller model"


@cache
def handlers() -> Mapping[type[Command], Handler]:
    """The handler of each type of command."""
    names = (f"{families.__name__}.{module_info.name}" for module_info in pkgutil.iter_modules(families.__path__))
    modules = (importlib.import_module(name) for name in names)
    return {kind: handler for module in modules for kind, handler in getattr(module, "HANDLERS", {}).items()}


class Session:
    """At most one target and drafter in memory. loaded: the command that loaded them."""

    def __init__(self) -> None:
        quiet_libraries()
        threads.use_usable_cores()
        self.target: LoadedModel | None = None
        self.models: Pair | None = None
        self.drafter: Drafter | None = None
        self.loaded: Load | None = None
        self.provenance = Provenance()
        self.round_times = RoundTimes()
        self._embedder: tuple[tuple[str, str, str], Embedder] | None = None
        self.memo = Memo()
        self.pools = PoolMaker(self)

    def do(self, command: Command, cancelled: Flag | None = None) -> Iterator[Event]:
        """Execute a command; yields its events, see the function of its family. cancelled: stops it once set."""
        events = handlers()[type(command)](self, command, cancelled or Flag())
        return with_start(self.pair_in_use, command, without_panics(events))

    @property
    def pair_in_use(self) -> PairInUse:
        """What is loaded now."""
        return PairInUse(self.target, self.drafter_spec, self.provenance)

    def take_pair(self, pair: Pair, drafter: Drafter | None, command: Load) -> None:
        """Replace the loaded pair by what a command loaded."""
        self.models, self.target, self.drafter, self.loaded = pair, pair.target, drafter, command
        self.round_times = RoundTimes()
        has_files = pair.drafter is not None or drafters.weights_bytes(drafter) > 0
        self.provenance = Provenance(
            versions.processor(pair.target.device),
            pair_hashes(pair.target.spec, drafters.model_spec(command.drafter) if has_files else None),
        )
        self.memo.forget_models()
        self.pools.forget_models()

    def forget_pair(self) -> None:
        """Release everything that is loaded."""
        self.models, self.target, self.drafter, self.loaded = None, None, None, None
        self._embedder, self.memo = None, Memo()
        release_memory()

    def embedder(self, spec: str, *, device: str = "auto", dtype: str = "auto") -> Generator[Event, None, Embedder]:
        """Yield the progress of loading an embedder; returns it, at once if it is the one in memory."""
        key = (spec, device, dtype)
        if self._embedder is None or self._embedder[0] != key:
            self._embedder = None
            for step in embedding.load(spec, device=device, dtype=dtype):
                if isinstance(step, Embedder):
                    self._embedder = key, step
                else:
                    yield step
        assert self._embedder is not None
        return self._embedder[1]

    @property
    def drafter_spec(self) -> str:
        """The SPEC of the loaded drafter."""
        return drafters.NONE if self.loaded is None else self.loaded.drafter

    def context(self, cancelled: Flag) -> RunContext:
        """The context of a run. Raises InputError if no pair is loaded."""
        if self.target is None:
            raise InputError("no model is loaded", "load a target first")
        drafter = None if self.models is None else self.models.drafter
        open_index = partial(opened, librarian=self, device=str(self.target.device))
        documents = DocumentResources(drafter, open_index, self.memo, self.pools.pool)
        return RunContext(
            self.target, self.drafter, self.drafter_spec, cancelled=cancelled, documents=documents,
            provenance=self.provenance, round_times=self.round_times,
        )  # fmt: skip

    def on_pair(self, context: RunContext, work: Callable[[RunContext], Iterator[Item]]) -> Iterator[Item]:
        """Yield the items of work that uses the loaded pair; afterwards the pair is as before."""
        try:
            with torch.inference_mode(), memory_errors("the run", _SHORTER):
                yield from work(context)
        finally:
            if self.drafter is not None:
                self.drafter.reset()

    def recover(self) -> None:
        """Clean up after a fault: release what the run still held, and a cache that it may have left half built."""
        if self.target is not None and self.target.static is not None:
            self.target.static.clear()
        release_memory()
