"""The Host protocol (commands in, events out), and ThreadHost, which runs the engine on one thread of this process.

* imports neither Qt nor torch; the thread itself imports torch when it starts."""

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from engine.commands import Command, Pause, Resume, Run, Step, Unload
from engine.errors import DeviceLost, EngineError, InputError
from engine.events import (
    EngineStarted,
    Event,
    HostKind,
    Measured,
    PhaseFinished,
    Progressed,
    Refused,
    RoundFinished,
    RunFailed,
    RunFinished,
)
from engine.events.faults import REPORT, failed, refused
from engine.host.pause_gate import PauseGate
from engine.machine.quiet import quiet_logs
from engine.runs.run_log import Outbox, RunLog

if TYPE_CHECKING:
    from engine.session.session import Session

_JOIN_S = 3.0


class Host(Protocol):
    """Executes commands one after another and puts their events into `inbox`."""

    inbox: "SimpleQueue[Event]"

    def submit(self, command: Command) -> None:
        """Hand over a command; returns at once."""

    def cancel(self) -> None:
        """Stop the current command and drop the waiting ones; returns at once."""

    def close(self) -> bool:
        """Cancel, wait up to three seconds, end. Returns whether the engine has ended."""


class _Task(NamedTuple):
    command: Command
    cancelled: Flag
    gate: PauseGate


def new_session() -> "Session":
    """Create the session that holds the models; imports torch."""
    quiet_logs()
    from engine.session.session import Session

    return Session()


class ThreadHost:
    """The engine on its own thread, which alone touches the models.

    runs: folder in which each run, and other work that is kept, gets a folder; None saves nothing. outbox: where events
    go instead of the inbox.
    answered: called after the last event of each command but Pause, Step and Resume. kind: given in EngineStarted."""

    def __init__(
        self,
        runs: Path | None = None,
        *,
        new_session: Callable[[], "Session"] = new_session,
        outbox: Outbox | None = None,
        answered: Callable[[], None] = lambda: None,
        kind: HostKind = "thread",
    ) -> None:
        self.inbox: SimpleQueue[Event] = SimpleQueue()
        self._outbox: Outbox = self.inbox if outbox is None else outbox
        self._runs = runs
        self._new_session = new_session
        self._answered = answered
        self._kind = kind
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._outstanding: list[_Task] = []
        self._lost: DeviceLost | None = None
        self._thread = threading.Thread(target=self._work, name="draftscope-engine", daemon=True)
        self._thread.start()

    def submit(self, command: Command) -> None:
        """Hand over a command. Pause, Step and Resume act at once on the current run or the next one."""
        match command:
            case Pause():
                self._steer(lambda gate: gate.set(0))
            case Step():
                self._steer(lambda gate: gate.step())
            case Resume():
                self._steer(lambda gate: gate.set(None))
            case _:
                task = _Task(command, Flag(), PauseGate())
                if isinstance(command, Run) and command.paused:
                    task.gate.set(command.n_free)
                with self._lock:
                    self._outstanding.append(task)
                self._tasks.put(task)

    def _steer(self, act: "Callable[[PauseGate], None]") -> None:
        """Apply `act` to the current run, or to the next one if there is none."""
        with self._lock:
            gates = [task.gate for task in self._outstanding if task.command.can_be_held]
        for gate in gates[:1]:
            act(gate)

    def cancel(self) -> None:
        """Stop the current command and drop those submitted before this call."""
        with self._lock:
            for task in self._outstanding:
                task.cancelled.set()
                task.gate.wake()

    def close(self) -> bool:
        """Cancel, wait up to three seconds, end."""
        self.cancel()
        self._tasks.put(None)
        self._thread.join(_JOIN_S)
        return not self._thread.is_alive()

    def _work(self) -> None:
        self._outbox.put(EngineStarted(self._kind, os.getpid()))
        session: Session | None = None
        while (task := self._tasks.get()) is not None:
            try:
                session = session or self._new_session()
                broken = self._attempt(session, task)
                if broken and self._lost is None:  # only here does no exception hold the failed frames
                    session.recover()
            except Exception as err:  # the host's outermost frame: a defect must not end the engine
                self._outbox.put(refused(task.command.name, err))
            finally:
                with self._lock:
                    self._outstanding = [other for other in self._outstanding if other is not task]
                self._answered()
        if session is not None and self._lost is None:  # GPU memory is not freed when the thread ends
            deque(session.do(Unload()), maxlen=0)

    def _attempt(self, session: "Session", task: _Task) -> bool:
        """Execute a command and report its failure; returns whether it failed with memory still held."""
        try:
            return self._execute(session, task)
        except EngineError as err:
            self._remember_lost_device(err)
            self._outbox.put(Refused(task.command.name, err.message, err.hint))
            return not isinstance(err, InputError) and not task.cancelled.is_set()
        except Exception as err:
            from engine.machine.out_of_memory import (
                device_lost,  # imported late: it imports torch, which is there by now
            )

            self._lost = device_lost(err)
            is_run = task.command.is_run
            if self._lost is not None:
                self._outbox.put(Refused(task.command.name, self._lost.message, self._lost.hint))
            else:
                self._outbox.put(failed(err) if is_run else refused(task.command.name, err))
            return True

    def _remember_lost_device(self, err: EngineError) -> None:
        """Remember that a GPU stopped working: later commands are refused with the same hint."""
        if isinstance(err, DeviceLost):
            self._lost = err

    def _execute(self, session: "Session", task: _Task) -> bool:
        """Execute a command; returns whether it was a run that failed and reported its failure."""
        if task.cancelled.is_set():
            raise EngineError("stopped before it began", "start it again")
        if self._lost is not None:
            raise self._lost
        command, events = task.command, session.do(task.command, task.cancelled)
        if command.is_run:
            return self._run(events, task)
        self._keep(events, task)
        return False

    def _keep(self, events: Iterator[Event], task: _Task) -> None:
        """Pass on a command's events, and save those of work that is kept, with a word on what ended it early."""
        log = RunLog(self._runs if task.command.kept_as else None, self._outbox)
        try:
            has_ended = self._forward(events, log, task)
            if task.cancelled.is_set() and not has_ended:
                log.cut_short("stopped", "stopped by the user", task.command.after_stop)
        except EngineError as err:
            log.cut_short("stopped" if task.cancelled.is_set() else "failed", err.message, err.hint)
            raise
        except Exception as err:
            log.cut_short("failed", f"{type(err).__name__}: {err}", REPORT)
            raise
        finally:
            log.close()

    def _forward(self, events: Iterator[Event], log: RunLog, task: _Task) -> bool:
        """Pass on a command's events; stop one that does not end itself between two events, unless this is its last:
        then it is too late to stop it. Returns whether the last one came."""
        command, has_ended = task.command, False
        with closing(cast(Generator[Event, None, None], events)):
            for event in events:
                if task.cancelled.is_set() and not command.ends_itself and not command.ends_with(event):
                    raise EngineError("stopped by the user", command.after_stop)
                has_ended = command.ends_with(event)
                log.add(event)
                if command.can_be_held and isinstance(event, Progressed | Measured):
                    task.gate.wait(task.cancelled)
        return has_ended

    def _run(self, events: Iterator[Event], task: _Task) -> bool:
        """Drive a method's generator to its end, a stop, or a fault; the log so far is kept in each case.

        Returns whether it was a fault."""
        log = RunLog(self._runs, self._outbox)
        broken = False
        try:
            with closing(cast(Generator[Event, None, None], events)):
                self._drive(events, log, task)
        except EngineError as err:
            if not log.started:
                raise
            broken = not task.cancelled.is_set()
            self._remember_lost_device(err)
            log.add(RunFailed(err.message, err.hint, at_s=log.at_s) if broken else log.cancelled())
        except Exception as err:
            broken = True
            log.add(failed(err))
        finally:
            log.close()
        return broken

    def _drive(self, events: Iterator[Event], log: RunLog, task: _Task) -> None:
        for event in events:
            log.add(event)
            if isinstance(event, RoundFinished | PhaseFinished):
                task.gate.wait(task.cancelled)
            if task.cancelled.is_set() and not isinstance(event, RunFinished):
                log.add(log.cancelled())
                return
