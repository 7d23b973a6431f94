"""What a conversion takes is said in the units people read."""

from app.words import conversions
from engine.events import ConversionStarted


def test_time_disk_and_memory_are_said() -> None:
    event = ConversionStarted("/m/big.gguf", "/cache", "bfloat16", 15_000_000_000, 31_000_000_000, 620.0)
    assert conversions.needs(event) == (
        "a GGUF file, converted once when it is first loaded: about 10 min, 15 GB on disk, up to 31 GB of memory"
    )
