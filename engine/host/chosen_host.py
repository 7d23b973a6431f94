"""Runs the engine on the kind of host that was chosen, and changes from one to the other.

* imports neither Qt nor torch."""

import threading
from pathlib import Path
from queue import SimpleQueue

from engine.commands import Command, Load, Train
from engine.events import Event, HostKind
from engine.host.process_host import ProcessHost
from engine.host.thread_host import Host, ThreadHost


def make_host(kind: HostKind, runs: Path | None, inbox: "SimpleQueue[Event]") -> Host:
    """Create a host of that kind; each run gets a folder in `runs`, and `inbox` receives the events."""
    return ProcessHost(runs, inbox=inbox) if kind == "process" else ThreadHost(runs, outbox=inbox)


class ChosenHost:
    """A host whose kind can be changed: the next load or training runs on the new kind, and the old host ends.

    The old host's models go with it. Nothing is started before the first command, and no call waits for an end:
    commands that arrive meanwhile are kept, and handed over once the old host has ended, however long that takes: two
    engines side by side would hold two pairs of models."""

    def __init__(self, kind: HostKind, runs: Path | None) -> None:
        self.inbox: SimpleQueue[Event] = SimpleQueue()
        self._runs = runs
        self._kind = self._chosen_kind = kind
        self._lock = threading.Lock()
        self._host: Host | None = None
        self._switch_thread: threading.Thread | None = None
        self._waiting: list[Command] = []
        self._n_cancelled = 0
        self._closing = False

    @property
    def kind(self) -> HostKind:
        """The kind that was chosen last."""
        return self._chosen_kind

    def choose(self, kind: HostKind) -> None:
        """Use a host of that kind from the next load or training on."""
        self._chosen_kind = kind

    def submit(self, command: Command) -> None:
        """Hand over a command. A load or training on another kind of host stops what the old one is doing."""
        with self._lock:
            if self._switch_thread is not None:
                self._waiting.append(command)
            elif self._host is not None and isinstance(command, Load | Train) and self._chosen_kind != self._kind:
                self._waiting.append(command)
                self._switch_thread = threading.Thread(
                    target=self._replace_host, args=(self._host,), name="draftscope-change"
                )
                self._switch_thread.start()
            else:
                self._current_host().submit(command)

    def restart(self) -> None:
        """End the current host and what it is doing; the next command starts one of the kind chosen last.

        A GPU that stopped working for one process works again for a new one."""
        with self._lock:
            if self._host is not None and self._switch_thread is None:
                self._switch_thread = threading.Thread(
                    target=self._replace_host, args=(self._host,), name="draftscope-change"
                )
                self._switch_thread.start()

    def cancel(self) -> None:
        """Stop the current command and drop the waiting ones."""
        with self._lock:
            self._n_cancelled = len(self._waiting)
            if self._host is not None:
                self._host.cancel()

    def close(self) -> bool:
        """Cancel, wait up to three seconds, end. Returns whether the engine has ended."""
        with self._lock:
            switch_thread, self._closing = self._switch_thread, True
            self._waiting.clear()
        if switch_thread is None:
            return self._host is None or self._host.close()
        switch_thread.join()
        return self._host is None

    def _current_host(self) -> Host:
        if self._host is None:
            self._kind = self._chosen_kind
            self._host = make_host(self._kind, self._runs, self.inbox)
        return self._host

    def _replace_host(self, old: Host) -> None:
        """End the old host, then hand over the commands that waited, cancelled if they were cancelled meanwhile."""
        ended = old.close()
        while not (ended or self._closing):
            ended = old.close()
        with self._lock:
            self._switch_thread = None
            if not ended:
                return
            self._host = None
            waiting, self._waiting = self._waiting, []
            n_cancelled, self._n_cancelled = self._n_cancelled, 0
            for number, command in enumerate(waiting):
                self._current_host().submit(command)
                if number + 1 == n_cancelled:  # those after it came after the cancel
                    self._current_host().cancel()
