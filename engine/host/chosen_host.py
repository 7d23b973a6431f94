"""Which host the engine runs on, and the change from one to the other; knows what each is for, not what it does.

* imports neither Qt nor torch."""

import threading
from pathlib import Path
from queue import SimpleQueue

from engine.commands import Command, Load, Train
from engine.events import Event, HostKind
from engine.host.process_host import ProcessHost
from engine.host.thread_host import Host, ThreadHost


def make_host(kind: HostKind, runs: Path | None, inbox: "SimpleQueue[Event]") -> Host:
    """A host of that kind; `runs` receives a folder a run, `inbox` what it says."""
    return ProcessHost(runs, inbox=inbox) if kind == "process" else ThreadHost(runs, outbox=inbox)


class ChosenHost:
    """A host whose kind can be chosen anew: the next load or training is done there, and the one before ends.

    Its models go with it. Nothing is started before the first command, and nobody waits for an end: what is asked
    meanwhile is kept, and handed over once the host before has said its last, however long that takes: two engines
    side by side would hold two pairs of models."""

    def __init__(self, kind: HostKind, runs: Path | None) -> None:
        self.inbox: SimpleQueue[Event] = SimpleQueue()
        self._runs = runs
        self._kind = self._wanted = kind
        self._lock = threading.Lock()
        self._host: Host | None = None
        self._change: threading.Thread | None = None
        self._waiting: list[Command] = []
        self._n_cancelled = 0
        self._closing = False

    @property
    def kind(self) -> HostKind:
        """What was chosen last."""
        return self._wanted

    def choose(self, kind: HostKind) -> None:
        """Have the next load or training, and all that follows, on a host of that kind."""
        self._wanted = kind

    def submit(self, command: Command) -> None:
        """Hand over a command. A load or training on another kind of host stops what the one before is at."""
        with self._lock:
            if self._change is not None:
                self._waiting.append(command)
            elif self._host is not None and isinstance(command, Load | Train) and self._wanted != self._kind:
                self._waiting.append(command)
                self._change = threading.Thread(target=self._leave, args=(self._host,), name="draftscope-change")
                self._change.start()
            else:
                self._made().submit(command)

    def restart(self) -> None:
        """End the host that is there, with what it is at; the next command starts one of the kind chosen last.

        A GPU that stopped working for a process works again for a new one."""
        with self._lock:
            if self._host is not None and self._change is None:
                self._change = threading.Thread(target=self._leave, args=(self._host,), name="draftscope-change")
                self._change.start()

    def cancel(self) -> None:
        """Stop what is under way and drop what is waiting."""
        with self._lock:
            self._n_cancelled = len(self._waiting)
            if self._host is not None:
                self._host.cancel()

    def close(self) -> bool:
        """Cancel, wait up to three seconds, end. Returns whether the engine has ended."""
        with self._lock:
            change, self._closing = self._change, True
            self._waiting.clear()
        if change is None:
            return self._host is None or self._host.close()
        change.join()
        return self._host is None

    def _made(self) -> Host:
        if self._host is None:
            self._kind = self._wanted
            self._host = make_host(self._kind, self._runs, self.inbox)
        return self._host

    def _leave(self, before: Host) -> None:
        """End the host before, then hand over what was asked meanwhile, cancelled where it was."""
        ended = before.close()
        while not (ended or self._closing):
            ended = before.close()
        with self._lock:
            self._change = None
            if not ended:
                return
            self._host = None
            waiting, self._waiting = self._waiting, []
            n_cancelled, self._n_cancelled = self._n_cancelled, 0
            for number, command in enumerate(waiting):
                self._made().submit(command)
                if number + 1 == n_cancelled:
                    self._made().cancel()
