"""The event of converting a model file; others import it from `engine.events`.

* imports neither Qt nor torch."""

from engine.events.base import Event


class ConversionStarted(Event, frozen=True):
    """A GGUF file will be converted, once, into safetensors: what that takes.

    folder: where the results of conversions are kept. dtype: the type that the weights are stored in."""

    file: str
    folder: str
    dtype: str
    disk_bytes: int
    memory_bytes: int
    seconds: float
