"""Runs the commands as a user does, in this process, and reads what they print."""

import contextlib
import io
from typing import NamedTuple

import msgspec

from engine.cli import main

Fields = dict[str, object]


class Said(NamedTuple):
    """What a command printed: its exit status, its JSON objects, and its words on stderr."""

    status: int
    events: list[Fields]
    words: str

    @property
    def summary(self) -> Fields:
        """The last object."""
        assert self.status == 0, self.words
        return self.events[-1]

    def named(self, event: str) -> list[Fields]:
        """The objects of that name."""
        return [fields for fields in self.events if fields["event"] == event]


def draftscope(*arguments: object) -> Said:
    """Run a command with --json."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([*map(str, arguments), "--json"])
        except SystemExit as end:
            status = int(end.code or 0)
    return Said(status, [msgspec.json.decode(line) for line in out.getvalue().splitlines()], err.getvalue())
