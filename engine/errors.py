"""Failures a user can do something about; knows nothing of where they are shown."""


class EngineError(Exception):
    """An expected failure: `message` says what happened, with the values; `hint` says the way out."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}"


class InputError(EngineError):
    """The user asked for something that cannot be done as asked; nothing was started."""


class ModelError(EngineError):
    """A model folder cannot be used, or a loaded model misbehaved."""


class DeviceLost(EngineError):
    """A GPU stopped working for this process, which can compute nothing on it any more; another process can."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the GPU stopped working ({why})", "restart the engine: Run > Restart engine")


class MemoryExhausted(EngineError):
    """The host's or the device's memory ran out; what was held has been released."""
