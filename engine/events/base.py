"""The base classes of all events.

* imports neither Qt nor torch."""

from typing import TypeAlias

import msgspec

SCHEMA = 1
Setting: TypeAlias = str | int | float | bool | None


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=False, gc=False):
    """An immutable value."""


class Event(Struct, frozen=True, tag_field="event", tag=True):
    """Something that happened. Run events carry `at_s`, seconds since their run started."""
