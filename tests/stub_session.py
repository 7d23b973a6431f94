"""A stand-in of a session: each command goes to the method of its name."""

from collections.abc import Iterator
from threading import Event as Flag

from engine.commands import Command, Unload
from engine.events import Event, ModelUnloaded


class StubSession:
    """Its methods take the command and the flag that stops it, as the functions of the families do."""

    def do(self, command: Command, cancelled: Flag | None = None) -> Iterator[Event]:
        carry_out = getattr(self, command.name)
        yield from carry_out(command, Flag() if cancelled is None else cancelled)

    def recover(self) -> None:
        """Nothing is held."""

    def unload(self, asked: Unload, cancelled: Flag) -> Iterator[Event]:
        yield ModelUnloaded()
