"""Reads a file as a prompt of the loaded target, without running anything."""

from collections.abc import Iterator
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.commands import ReadText
from engine.errors import InputError
from engine.events import Event, TextRead
from engine.measuring import long_text
from engine.measuring.prefill import named_kernels

if TYPE_CHECKING:
    from engine.session.session import Session

_LEAST = 2


def read(session: "Session", command: ReadText, cancelled: Flag) -> Iterator[Event]:
    """Yield the prompt, cut where it was asked for. Raises InputError: no target, no such file or pages, no room."""
    target = session.target
    if target is None:
        raise InputError("no model is loaded", "load a target first: texts are read as its tokens")
    most = target.context - max(1, command.n_new)
    if most < _LEAST or command.length > most:
        reason = (
            f"{command.length:,} tokens and {command.n_new:,} new ones"
            if command.length
            else f"{command.n_new:,} new tokens"
        )
        hint = f"use at most {max(0, most):,} tokens" if most >= _LEAST else "ask for fewer new tokens"
        raise InputError(f"{reason}: {target.spec} has a context of {target.context:,} tokens", hint)
    texts = long_text.read(
        command.text, target.tokenizer, pages=command.pages, part=command.part, n_texts=1,
        longest=max(_LEAST, command.length or most),
    )  # fmt: skip
    ids = texts.prompt(0, texts.longest)
    text = target.tokenizer.decode(ids, skip_special_tokens=True)
    yield TextRead(
        command.text, texts.name, texts.pages, ids, text, texts.n_tokens, texts.cut, texts.skipped, command.serial,
        named_kernels(target), texts.pages_from,
    )  # fmt: skip


HANDLERS = {ReadText: read}
