"""A window: a small model reads the first tokens of a text and its last ones only, so that its memory stays the same.

What the model reads is a short text of its own: `sinks` first tokens, and then at least `window` last ones, at the
positions that they have in it. Once it has no room left, the model reads the last `window` tokens anew. Exact, since
the target verifies. Source: arXiv:2309.17453, section 3.2 (sinks; positions within the cache), with keys computed again
in place of moved ones, which no model needs to support."""

from collections.abc import Sequence
from typing import NamedTuple

from engine import drafters
from engine.decoding.cached_model import PREFILL_CHUNK
from engine.decoding.drafting import (
    NOTHING,
    Draft,
    DraftContext,
    Drafter,
    FollowsPath,
    TargetState,
    expect_length,
)
from engine.drafters import DrafterSpec, small_model
from engine.errors import InputError
from engine.models.loading import LoadedModel

SPEC = "window[:N+SINKS]:MODEL"
_NAME = "window"
WINDOW, SINKS = 512, 4
# How many tokens the text may grow before the window is read again: longer saves reading, and takes memory.
_LEAST_ROOM, _MOST_ROOM = 64, 256
_HINT = f"write for instance {_NAME}:{WINDOW}:builtin, or {_NAME}:{WINDOW}+{SINKS}:builtin"


class WindowSize(NamedTuple):
    """How many last and first tokens of a text are always read, and how many in all at most."""

    window: int
    sinks: int

    @property
    def room(self) -> int:
        """By how much a text may grow before its window is read again."""
        return min(_MOST_ROOM, max(_LEAST_ROOM, self.window))

    @property
    def n_most(self) -> int:
        """The most tokens that are read, drafted ones included."""
        return self.sinks + self.window + self.room


class WindowDrafter:
    """A drafter that another one stands in for: its text is the sinks and the window of the text."""

    def __init__(self, inner: Drafter, size: WindowSize) -> None:
        self.capabilities = inner.capabilities
        self._inner, self._size = inner, size
        self.reset()

    def reset(self) -> None:
        """Forget the sequence."""
        self._inner.reset()
        self._n_left_out = 0
        self._is_read = False

    def expect(self, n: int) -> None:
        """Allocate for texts of at most n ids, and never for more than are read."""
        expect_length(self._inner, min(n, self._size.n_most))

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Do nothing: which part of the prompt is read is known once all of it is there."""

    def prompt_ended(self, ids: Sequence[int]) -> None:
        """Read the sinks and the window of a prompt, in one go however long it is."""
        n_most = self._size.sinks + self._size.window
        self._read(ids, max(0, len(ids) - n_most))

    def propose(self, context: DraftContext) -> Draft:
        """Let the model propose what follows the text that it reads."""
        if not self._is_read:
            self.prompt_ended(context.ids)
        if len(context.ids) - self._n_left_out + context.n > self._size.n_most:
            self._read(context.ids, len(context.ids) - self._size.sinks - self._size.window)
        return self._inner.propose(context._replace(ids=self._part(context.ids)))

    def follow(self, path: Sequence[int]) -> None:
        """Let the model keep the accepted nodes of its tree."""
        if isinstance(self._inner, FollowsPath):
            self._inner.follow(path)

    def commit(self, ids: Sequence[int]) -> None:
        """Roll back rejected ids."""
        if self._is_read:
            self._inner.commit(self._part(ids))

    def cache_bytes(self) -> int:
        """Memory of the model's cache."""
        return self._inner.cache_bytes()

    def _read(self, ids: Sequence[int], n_left_out: int) -> None:
        """Read the text without n_left_out ids behind the sinks, from its beginning, all but the last id."""
        self._inner.reset()
        self._n_left_out, self._is_read = n_left_out, True
        part = self._part(ids)
        for start in range(0, len(part) - 1, PREFILL_CHUNK):
            self._inner.prefill(part[start : min(start + PREFILL_CHUNK, len(part) - 1)], NOTHING)

    def _part(self, ids: Sequence[int]) -> Sequence[int]:
        """What is read of committed ids."""
        sinks = self._size.sinks
        return [*ids[:sinks], *ids[sinks + self._n_left_out :]] if self._n_left_out else ids


def size_of(spec: str) -> WindowSize:
    """The sizes that a SPEC names. Raises InputError for a window of no token, or sinks that are no number."""
    parts = drafters.over_model(spec)
    assert parts is not None
    window, _, sinks = parts.option.partition("+")
    size = _number(spec, window or str(WINDOW), "window", 1), _number(spec, sinks or str(SINKS), "sinks", 0)
    return WindowSize(*size)


def with_size(spec: str, size: WindowSize) -> str:
    """The SPEC with this size written out where it names none; any other SPEC as it is. Raises InputError."""
    parts = drafters.over_model(spec) if _serves(spec) else None
    if parts is None:
        return spec
    if parts.option:
        size_of(spec)
        return spec
    return f"{_NAME}:{size.window}+{size.sinks}:{parts.model}"


def _number(spec: str, text: str, name: str, least: int) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > len("10000000"):
        raise InputError(f"drafter {spec}: the {name} must be a whole number, {least} or more", _HINT)
    if int(text) < least:
        raise InputError(f"drafter {spec}: the {name} must be {least} or more", _HINT)
    return int(text)


def _serves(spec: str) -> bool:
    return spec.partition(":")[0] == _NAME


def _reach(spec: str) -> int:
    return size_of(spec).n_most


def _build(spec: str, target: LoadedModel, model: LoadedModel | None) -> WindowDrafter:
    assert model is not None
    size = size_of(spec)
    if size.n_most > model.context:
        largest = max(0, model.context - size.sinks - _MOST_ROOM)
        reason = f"sinks, window and the room to grow take {size.n_most:,} tokens, {model.spec} reads {model.context:,}"
        raise InputError(f"drafter {spec}: {reason}", f"use a window of at most {largest:,}")
    inner = small_model.drafter_for(target, model._replace(context=size.n_most))
    return WindowDrafter(inner, size)


def _kv_bytes(spec: str, target: LoadedModel, model: LoadedModel | None, n: int) -> int:
    assert model is not None
    return small_model.cache_bytes(model, min(n, size_of(spec).n_most))


DRAFTER = DrafterSpec(
    "window", "Small model, cut to a window", f"window:{WINDOW}:builtin", _serves, needs_model=True, build=_build,
    kv_bytes=_kv_bytes, reach=_reach,
)  # fmt: skip
