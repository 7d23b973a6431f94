"""Runs a loaded pair on an engine's host, as a window does: commands in, events out.

* imports neither Qt nor torch."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from engine.commands import Command, Estimate, Load, Run
from engine.errors import EngineError
from engine.events import (
    EngineEnded,
    EngineStarted,
    Estimated,
    Event,
    HostKind,
    ModelLoaded,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
)
from engine.host.thread_host import Host
from engine.settings import GenerationConfig, Request, settings_of


class HostedPair:
    """A host with one pair loaded; closes the host at the end of a `with`.

    on_event: called with every event of the load. Raises EngineError where the engine refuses or fails."""

    def __init__(self, host: Host, pair: Load, on_event: Callable[[Event], None]) -> None:
        self._host, self._pair = host, pair
        self.engine: HostKind = "thread"
        try:
            self.loaded = self._load(pair, on_event)
        except BaseException:
            host.close()
            raise

    def __enter__(self) -> "HostedPair":
        return self

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None) -> None:
        self._host.close()

    def run(self, method: str, config: GenerationConfig, prompt: Sequence[int]) -> Iterator[Event]:
        """The events of one run of these ids, as they arrive."""
        yield from self._events(Run(method, dict(settings_of(config)), Request("", tuple(prompt))), RunFinished)

    def ids(self, method: str, config: GenerationConfig, prompt: Sequence[int]) -> tuple[int, ...]:
        """The new tokens of one run."""
        rounds = (event for event in self.run(method, config, prompt) if isinstance(event, RoundFinished))
        return tuple(token for event in rounds for token in event.emitted)

    def settle(self) -> None:
        """Wait until the engine has cleaned up after a run, which it does after the run's last event."""
        for _ in self._events(Estimate(self._pair), Estimated):
            pass

    def _load(self, pair: Load, on_event: Callable[[Event], None]) -> ModelLoaded:
        for event in self._events(pair, ModelLoaded):
            on_event(event)
            if isinstance(event, EngineStarted):
                self.engine = event.host
        assert isinstance(event, ModelLoaded)
        return event

    def _events(self, command: Command, last: type[Event]) -> Iterator[Event]:
        self._host.submit(command)
        while True:
            event = self._host.inbox.get()
            match event:
                case Refused(reason=reason, hint=hint) | EngineEnded(why=reason, hint=hint):
                    raise EngineError(reason, hint)
                case RunFailed(message=message, hint=hint):
                    raise EngineError(message, hint)
            yield event
            if isinstance(event, last):
                return
