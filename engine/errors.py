"""Errors that a user can act on.

* imports neither Qt nor torch."""

import re

_CODE = re.compile(r"`([^`\n]*)`")


def without_markdown(text: str) -> str:
    """Text of a library in which names stand between backticks, with ordinary quotation marks instead."""
    return _CODE.sub(r"'\1'", text)


class EngineError(Exception):
    """An expected failure: `message` says what happened, with the values; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = without_markdown(message)
        self.hint = without_markdown(hint)

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}"


class InputError(EngineError):
    """The user asked for something impossible; nothing was started."""


class InUse(InputError):
    """Another program is at work on the same files; the same can be asked again once it has ended."""


class ModelError(EngineError):
    """A model folder cannot be used, or a loaded model misbehaved."""


class DeviceLost(EngineError):
    """A GPU stopped working for this process; another process can still use it."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the GPU stopped working ({why})", "restart the engine: Run > Restart engine")


class MemoryExhausted(EngineError):
    """The memory of the host or of the device ran out; what the failed work held has been released."""
