"""Which host the engine runs on, and the change from one to the other; knows what each is for, not what it does.

* imports neither Qt nor torch."""

from pathlib import Path
from queue import SimpleQueue

from engine.commands import Command, Load, Train
from engine.events import Event, HostKind
from engine.host import Host, ThreadHost
from engine.process_host import ProcessHost


def make_host(kind: HostKind, runs: Path | None, inbox: "SimpleQueue[Event]") -> Host:
    """A host of that kind; `runs` receives a folder a run, `inbox` what it says."""
    return ProcessHost(runs, inbox=inbox) if kind == "process" else ThreadHost(runs, outbox=inbox)


class ChosenHost:
    """A host whose kind can be chosen anew: the next load or training is done there, and the one before ends.

    Its models go with it. Nothing is started before the first command."""

    def __init__(self, kind: HostKind, runs: Path | None) -> None:
        self.inbox: SimpleQueue[Event] = SimpleQueue()
        self._runs = runs
        self._kind = self._wanted = kind
        self._host: Host | None = None

    @property
    def kind(self) -> HostKind:
        """What was chosen last."""
        return self._wanted

    def choose(self, kind: HostKind) -> None:
        """Have the next load or training, and all that follows, on a host of that kind."""
        self._wanted = kind

    def submit(self, command: Command) -> None:
        """Hand over a command. A load or training on another kind of host stops what the one before is at."""
        if self._host is not None and isinstance(command, Load | Train) and self._wanted != self._kind:
            self._host.close()
            self._host = None
        if self._host is None:
            self._kind = self._wanted
            self._host = make_host(self._kind, self._runs, self.inbox)
        self._host.submit(command)

    def cancel(self) -> None:
        """Stop what is under way and drop what is waiting."""
        if self._host is not None:
            self._host.cancel()

    def close(self) -> bool:
        """Cancel, wait up to three seconds, end. Returns whether the engine has ended."""
        return self._host is None or self._host.close()
