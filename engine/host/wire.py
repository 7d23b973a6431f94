"""Messages between a host and the engine's process: a length, then msgpack.

* imports neither Qt nor torch."""

from collections.abc import Iterator
from typing import BinaryIO, TypeAlias, TypeVar

import msgspec

from engine.commands import Command
from engine.events import AnyEvent, Event
from engine.machine.valid_text import readable

_HEAD_BYTES = 4
_encoder = msgspec.msgpack.Encoder()
T = TypeVar("T")


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Stop the current command."""


class Readied(Event, frozen=True):
    """The engine's imports are done: from now on a stop takes effect soon."""


class Answered(Event, frozen=True):
    """The current command has had its last event."""


Order: TypeAlias = Command | Cancel
Said: TypeAlias = AnyEvent | Readied | Answered
ORDERS: "msgspec.msgpack.Decoder[Order]" = msgspec.msgpack.Decoder(Order)
SAYINGS: "msgspec.msgpack.Decoder[Said]" = msgspec.msgpack.Decoder(Said)


def framed(message: Order | Event) -> bytearray:
    """Encode a message for a pipe. Raises UnicodeEncodeError, OverflowError: msgpack cannot hold it."""
    frame = bytearray(_HEAD_BYTES)
    _encoder.encode_into(message, frame, _HEAD_BYTES)
    frame[:_HEAD_BYTES] = (len(frame) - _HEAD_BYTES).to_bytes(_HEAD_BYTES, "big")
    return frame


def framed_event(event: Event) -> bytearray:
    """Encode an event for a pipe; what is not valid text in it (the name of a file, say) is written with escapes."""
    try:
        return framed(event)
    except UnicodeEncodeError:
        return framed(msgspec.convert(readable(msgspec.to_builtins(event)), AnyEvent))


def messages(pipe: BinaryIO, decoder: "msgspec.msgpack.Decoder[T]") -> Iterator[T]:
    """Yield the messages until the pipe ends; an incomplete last one is dropped. Raises msgspec.DecodeError."""
    while len(head := pipe.read(_HEAD_BYTES)) == _HEAD_BYTES:
        size = int.from_bytes(head, "big")
        if len(content := pipe.read(size)) < size:
            return
        yield decoder.decode(content)
