"""Hands commands to the engine one after another, notices their ends and tracks which pair is in memory.

A run whose pair fails to load is dropped: it never starts on another pair. Questions (what would a pair take, which
models are there) wait behind everything else, and are interrupted for it."""

from collections import deque
from collections.abc import Iterator

from msgspec.structs import replace

from engine.commands import Command, Load, Train, Unload
from engine.events import Event, Refused, RunFailed
from engine.host.thread_host import Host


class CommandQueue:
    """The commands that have no answer yet. The first one is with the engine if `handed`."""

    def __init__(self) -> None:
        self.handed = False
        self.cancelling = False
        self._host: Host | None = None
        self._waiting: deque[Command] = deque()
        self._pair: Load | None = None
        self._outdated: Load | None = None
        self._stepping_aside = False

    @property
    def front(self) -> Command | None:
        """The command under way, or the next one; questions are skipped."""
        return next((command for command in self._waiting if not command.is_question), None)

    @property
    def work(self) -> Command | None:
        """What the user would lose by a stop: the command under way or, while a pair is loading, that behind it."""
        return next((command for command in self._waiting if command.under_way), None)

    @property
    def unanswered(self) -> bool:
        """Whether anything, including a question, waits for its answer."""
        return bool(self._waiting)

    def has(self, kind: type[Command]) -> bool:
        """Whether a command of a kind is under way or waiting."""
        return any(isinstance(command, kind) for command in self._waiting)

    @property
    def has_run(self) -> bool:
        """Whether a run is under way or waiting."""
        return any(command.is_run for command in self._waiting)

    @property
    def asking(self) -> bool:
        """Whether the engine is working on a question."""
        return self.handed and self._waiting[0].is_question

    @property
    def stepping_aside(self) -> bool:
        """Whether a question is being interrupted for a command, after which it is asked again."""
        return self._stepping_aside

    @property
    def pair_to_come(self) -> Load | None:
        """The pair that will be in memory once every queued command is done."""
        loads = (command for command in reversed(self._waiting) if isinstance(command, Load))
        return next((load for load in loads if load is not self._outdated), self._pair)

    def forget_pair(self) -> None:
        """Make the next run load its pair again, even if it is in memory; also a run that waits behind a training.

        A training that has not begun yet moves to the newly chosen host and leaves the models on the old one."""
        self._waiting = deque(self._with_missing_loads())
        self._pair = None
        if self.handed and isinstance(front := self._waiting[0], Load):
            self._outdated = front

    def _with_missing_loads(self) -> Iterator[Command]:
        """The waiting commands, with a load inserted before the first run whose pair stays on the old host."""
        pair, moved, stranded = self._pair, False, False
        for position, command in enumerate(self._waiting):
            under_way = position == 0 and self.handed
            if isinstance(command, Load):
                pair, moved, stranded = command, moved or not under_way, False
            elif isinstance(command, Train) and not (moved or under_way):
                moved = stranded = True
            elif command.needs_pair and stranded and pair is not None:
                stranded = False
                yield replace(pair)  # a copy, because the queue tells loads apart by identity
            yield command

    def attach(self, host: Host) -> None:
        """Connect the engine and hand over the first command."""
        self._host = host
        self._hand_over()

    def ask(self, command: Command) -> None:
        """Add a command ahead of waiting questions; a question under way is interrupted and asked again later."""
        if command.is_question:
            self._ask_question(command)
            return
        n_questions = sum(other.is_question for other in self._waiting)
        if self.handed and self._waiting[0].is_question:
            n_questions -= 1
            self._step_aside()
        self._waiting.insert(len(self._waiting) - n_questions, command)
        self._hand_over()

    def _step_aside(self) -> None:
        if self._host is not None and not self._stepping_aside:
            self._stepping_aside = True
            self._host.cancel()

    def _ask_question(self, question: Command) -> None:
        """Queue a question; it replaces a waiting one of its kind."""
        under_way = 1 if self.handed else 0
        others = [other for i, other in enumerate(self._waiting) if i < under_way or type(other) is not type(question)]
        self._waiting = deque([*others, question])
        self._hand_over()

    def steer(self, command: Command) -> None:
        """Act on the run under way at once: pause, step, resume."""
        if self._host is not None:
            self._host.submit(command)

    def cancel(self) -> None:
        """Stop the command under way and drop the others."""
        self.cancelling = self.handed and self.front is not None
        self._waiting = deque([self._waiting[0]] if self.handed else [])
        if self._host is not None:
            self._host.cancel()

    def answered(self, *, done: bool) -> None:
        """Record the end of the command under way; done: it succeeded."""
        if not self.handed:
            return
        command = self._waiting.popleft()
        if command.is_question and not done and self._stepping_aside:
            self._waiting.append(command)  # interrupted for another command, not refused: ask it again
        self.handed = self.cancelling = self._stepping_aside = False
        if isinstance(command, Unload) and done:
            self._pair = None
        if isinstance(command, Load):
            if done and command is not self._outdated:
                self._pair = command
            self._outdated = None
            if not done:
                self._drop_runs()
        self._hand_over()

    def hear(self, event: Event) -> None:
        """Check whether an event ends the command under way; refusals are ignored here and come through `answered`."""
        if self.handed and not isinstance(event, Refused) and self._ends(event):
            self.answered(done=not isinstance(event, RunFailed))

    def _ends(self, event: Event) -> bool:
        return isinstance(event, RunFailed) or self._waiting[0].ends_with(event)

    def _drop_runs(self) -> None:
        """Drop the runs, measurements and evaluations that need the pair that failed to load."""
        while self._waiting and self._waiting[0].needs_pair:
            self._waiting.popleft()

    def _hand_over(self) -> None:
        if self._host is not None and self._waiting and not self.handed:
            self.handed = True
            self._host.submit(self._waiting[0])
