"""Runs the engine in its own process, kept alive between commands, which can be ended by force.

* imports neither Qt nor torch.

The process has one command at a time, the others wait here: a crash costs the current command and the loaded models,
which the next run loads again first."""

import threading
import time
from collections import deque
from pathlib import Path
from queue import SimpleQueue

from msgspec.structs import replace

from engine.commands import Command, Load, Pause, Resume, Run, Step, Unload
from engine.errors import EngineError
from engine.events import (
    EngineEnded,
    EngineStarted,
    Event,
    ModelLoaded,
    ModelUnloaded,
    Progressed,
    Refused,
    RunFailed,
    RunFinished,
)
from engine.host import endings
from engine.host.child_link import Child, Ending, command_line
from engine.host.endings import End, RunTracker
from engine.host.wire import Answered, Cancel, Readied, Said
from engine.runs.run_log import Start

# Time for the process to end by itself when the window closes.
_JOIN_S = 3.0
# If the window takes no events, the pipe fills up and blocks the engine once this many wait.
MOST_WAITING = 4096
_POLL_S = 0.01


class _Task:
    """A command that is not answered yet. sent: the process has it, or the pair it needs. early_controls: those that
    came before it was sent. ended: its last event arrived, but `Answered` has not."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.early_controls: list[Pause | Step | Resume] = []
        self.cancelled = False
        self.sent = False
        self.ended = False


class ProcessHost:
    """The engine in a process that is started with the first command and again after it ended.

    runs: folder in which each run and other kept work gets a folder; None saves nothing. argv: the command line of the
    process. patience_s: a cancelled command that takes longer is ended together with the process; imports at its start
    do not count."""

    def __init__(
        self,
        runs: Path | None = None,
        *,
        inbox: "SimpleQueue[Event] | None" = None,
        argv: list[str] | None = None,
        patience_s: float | None = None,
    ) -> None:
        self.inbox: SimpleQueue[Event] = SimpleQueue() if inbox is None else inbox
        self._runs = runs
        self._argv = command_line(runs) if argv is None else argv
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._tasks: deque[_Task] = deque()
        self._child: Child | None = None
        self._pair: Load | None = None
        self._has_pair = False
        self._is_ready = False
        self._reloading = False
        self._refusal: Refused | None = None
        self._run: RunTracker | None = None
        self._timer: threading.Timer | None = None
        self._urgent = self._dying = self._closing = False

    def submit(self, command: Command) -> None:
        """Hand over a command. Pause, Step and Resume act at once on the current run or the next one."""
        with self._lock:
            if isinstance(command, Pause | Step | Resume):
                self._steer(command)
            else:
                self._tasks.append(_Task(command))
                self._advance()

    def cancel(self) -> None:
        """Stop the current command, by force if it takes too long, and drop those submitted before this call."""
        with self._lock:
            self._cancel()

    def close(self) -> bool:
        """Cancel, wait up to three seconds, then end the process by force."""
        with self._lock:
            self._closing = self._urgent = True
            self._cancel()
            child = self._child
        if child is None:
            return True
        child.finish()
        if not child.join(_JOIN_S):
            child.kill()
        return child.join(_JOIN_S)

    # Commands to the process; the caller holds the lock

    def _steer(self, command: Pause | Step | Resume) -> None:
        for task in self._tasks:
            if task.command.can_be_held:
                if self._child is not None and task.sent and not self._reloading:
                    self._child.send(command)
                else:
                    task.early_controls.append(command)
                return

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancelled = True
        if self._child is None or not self._tasks or not self._tasks[0].sent:
            return
        self._urgent = True
        self._child.send(Cancel())
        self._start_stop_timer(self._tasks[0])

    def _start_stop_timer(self, task: _Task) -> None:
        """Start the timer of a cancelled command; importing torch from a slow disk does not count."""
        if self._is_ready and self._timer is None:
            self._timer = threading.Timer(self._patience(task.command), self._force_end, [task])
            self._timer.daemon = True
            self._timer.start()

    def _patience(self, command: Command) -> float:
        if self._patience_s is not None:
            return self._patience_s
        return command.patience_s

    def _force_end(self, task: _Task) -> None:
        with self._lock:
            if self._child is not None and self._tasks and self._tasks[0] is task:
                self.inbox.put(EngineEnded("the engine did not stop and its process was ended", endings.AGAIN))
                self._kill(self._child)

    def _kill(self, child: Child) -> None:
        self._dying = True
        child.kill()

    def _advance(self) -> None:
        """Send the next command, unless one is running or the process is about to end."""
        while self._tasks and not (self._tasks[0].sent or self._dying or self._closing):
            task = self._tasks[0]
            if task.cancelled:
                self._answer(Refused(task.command.name, "stopped before it began", "start it again"))
            elif isinstance(task.command, Unload):
                self._unload(task)
            else:
                self._hand_over(task)

    def _unload(self, task: _Task) -> None:
        """End the process: only that gives back all its memory."""
        if self._child is None:
            self._pair = None
            self._answer(ModelUnloaded())
        else:
            task.sent = True
            self._kill(self._child)

    def _hand_over(self, task: _Task) -> None:
        if self._child is None:
            self._has_pair = self._is_ready = False
            self._child = Child(self._argv, on_message=self._take_message, on_end=self._child_ended)
        missing_pair = self._pair if task.command.needs_pair and not self._has_pair else None
        try:
            if missing_pair is not None:
                self._child.send(missing_pair)
            else:
                self._child.send(_with_controls(task))
        except (UnicodeEncodeError, OverflowError) as err:
            self._answer(Refused(task.command.name, f"it cannot be told to the engine ({err})", "change it"))
            return
        self._reloading = missing_pair is not None
        task.sent = True
        if not isinstance(task.command, Run):
            while task.early_controls and not self._reloading:
                self._child.send(task.early_controls.pop(0))

    def _answer(self, event: Event) -> None:
        """Answer the first command, in place of the process."""
        self._tasks.popleft()
        self.inbox.put(event)

    # Messages from the process, on the thread of its Child

    def _take_message(self, message: Said) -> None:
        # While a command is being stopped nothing is held back: its answer comes after what waits.
        while self.inbox.qsize() >= MOST_WAITING and not self._urgent:
            time.sleep(_POLL_S)
        with self._lock:
            if isinstance(message, Answered):
                self._finish_first()
            elif isinstance(message, Readied):
                self._mark_ready()
            elif not self._reloading:
                self._track(message)
                self.inbox.put(message)
            elif isinstance(message, EngineStarted | Progressed):
                self.inbox.put(message)
            elif isinstance(message, ModelLoaded):
                self._has_pair = True
            elif isinstance(message, Refused):
                self._refusal = message

    def _mark_ready(self) -> None:
        self._is_ready = True
        if self._tasks and self._tasks[0].cancelled:
            self._start_stop_timer(self._tasks[0])

    def _track(self, event: Event) -> None:
        """Keep what is needed if the process ends before the command does."""
        if self._tasks and self._tasks[0].command.ends_with(event):
            self._tasks[0].ended = True
        if isinstance(event, Start):
            self._run = RunTracker(event)
        elif self._run is not None:
            self._run.take(event)
        elif isinstance(event, ModelLoaded) and isinstance(command := self._tasks[0].command, Load):
            self._pair, self._has_pair = command, True

    def _finish_first(self) -> None:
        self._clear_stop()
        refusal, self._refusal = self._refusal, None
        if self._reloading:
            self._tasks[0].sent = self._reloading = False
            if refusal is not None and not self._tasks[0].cancelled:
                self._answer(replace(refusal, what=self._tasks[0].command.name))
        else:
            self._tasks.popleft()
        self._run = None
        self._advance()

    def _clear_stop(self) -> None:
        """Cancel the stop timer: what was to be stopped has stopped."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._urgent = None, self._closing

    def _child_ended(self, ending: Ending) -> None:
        run, end = self._end_of_run(ending)
        if run is not None and end is not None:
            self._save(run, end)  # without the lock: a slow disk must not block the window
        with self._lock:
            expected, self._dying = self._dying, False
            self._child, self._reloading, self._refusal = None, False, None
            if self._tasks and self._tasks[0].ended:
                self._tasks.popleft()
            if self._tasks and self._tasks[0].sent:
                self._end_first(ending, end)
            elif not (expected or self._closing):
                self.inbox.put(EngineEnded(*endings.words(ending)))
            self._run = None
            self._advance()

    def _end_of_run(self, ending: Ending) -> tuple[RunTracker | None, End | None]:
        """The run or other work that the process left behind, and its last event; None for both if there is none."""
        with self._lock:
            self._clear_stop()
            task = self._tasks[0] if self._tasks else None
            if self._run is None or task is None or task.ended or not task.sent:
                return None, None
            return self._run, self._run.stopped() if task.cancelled else self._run.failed(ending)

    def _end_first(self, ending: Ending, end: End | None) -> None:
        """Answer the command that the process left behind; end: the saved last event of a run."""
        task, what = self._tasks[0], self._tasks[0].command.name
        if isinstance(task.command, Unload):
            self._pair = None
            self._answer(ModelUnloaded())
        elif isinstance(end, RunFinished | RunFailed):
            self._answer(end)
        elif task.cancelled:
            self._answer(Refused(what, "stopped by the user", task.command.after_stop))
        elif task.command.is_run:
            self._answer(RunFailed(*endings.words(ending), ending.tail))
        else:
            self._answer(Refused(what, *endings.words(ending), ending.tail))

    def _save(self, run: RunTracker, end: End) -> None:
        try:
            if self._runs is not None:
                run.save(self._runs, end)
        except EngineError as err:
            self.inbox.put(Refused("save", f"the end of the run is not saved: {err.message}", "free the disk"))


def _with_controls(task: _Task) -> Command:
    """The command, a run with the controls that came before it could begin: no round may slip through."""
    command = task.command
    if not isinstance(command, Run):
        return command
    n_allowed = command.n_free if command.paused else None
    for control in task.early_controls:
        match control:
            case Pause():
                n_allowed = 0
            case Step():
                n_allowed = (n_allowed or 0) + 1
            case Resume():
                n_allowed = None
    return replace(command, paused=n_allowed is not None, n_free=n_allowed or 0)
