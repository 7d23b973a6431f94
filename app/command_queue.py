"""Hands commands to the engine one after another and knows which pair they will find; knows no events and no widget.

A run asked for on a pair that then fails to load is dropped: it never starts on another pair."""

from collections import deque

from engine.host import Command, Fork, Host, Load, Run, Unload


class CommandQueue:
    """What was asked of the engine and is not answered yet. The first one is with the engine if `handed`."""

    def __init__(self) -> None:
        self.handed = False
        self.cancelling = False
        self._host: Host | None = None
        self._waiting: deque[Command] = deque()
        self._pair: Load | None = None

    @property
    def front(self) -> Command | None:
        """The command under way, or the next one."""
        return self._waiting[0] if self._waiting else None

    @property
    def has_run(self) -> bool:
        """Whether a run is under way or waiting."""
        return any(isinstance(command, Run | Fork) for command in self._waiting)

    @property
    def pair_to_come(self) -> Load | None:
        """The pair in memory once everything asked for is done."""
        return next((command for command in reversed(self._waiting) if isinstance(command, Load)), self._pair)

    def attach(self, host: Host) -> None:
        """Begin to hand over."""
        self._host = host
        self._hand_over()

    def ask(self, command: Command) -> None:
        """Add a command."""
        self._waiting.append(command)
        self._hand_over()

    def steer(self, command: Command) -> None:
        """Act on the run under way at once: pause, step, resume."""
        if self._host is not None:
            self._host.submit(command)

    def cancel(self) -> None:
        """Stop the command under way and forget the others."""
        self.cancelling = self.handed
        self._waiting = deque([self._waiting[0]] if self.handed else [])
        if self._host is not None:
            self._host.cancel()

    def answered(self, *, done: bool) -> None:
        """The command under way ended, as asked or not."""
        if not self.handed:
            return
        command = self._waiting.popleft()
        self.handed = self.cancelling = False
        if isinstance(command, Unload) and done:
            self._pair = None
        if isinstance(command, Load):
            self._pair = command if done else self._pair
            if not done:
                self._drop_runs()
        self._hand_over()

    def _drop_runs(self) -> None:
        """Forget the runs that were to use the pair that failed to load."""
        while isinstance(self.front, Run | Fork):
            self._waiting.popleft()

    def _hand_over(self) -> None:
        if self._host is not None and self._waiting and not self.handed:
            self.handed = True
            self._host.submit(self._waiting[0])
