"""Refuses what a load names wrongly, from the names and the small files of its models alone.

* imports neither Qt nor torch. A load checks the same when it begins; here the answer comes before a library is loaded,
which takes many seconds."""

from engine import drafters
from engine.commands import Load
from engine.models import checkpoint_folder, pair_names


def refuse(load: Load) -> None:
    """Raises InputError or ModelError for a model that cannot be, and for a device or type that nobody has."""
    pair_names.parse_device(load.device)
    pair_names.parse_device(load.drafter_device)
    pair_names.parse_dtype(load.dtype)
    pair_names.parse_runtime(load.runtime)
    pair_names.parse_quantize(load.quantize)
    checkpoint_folder.inspect(load.target)
    if load.drafter != drafters.NONE and not drafters.needs_no_model(load.drafter):
        checkpoint_folder.inspect(drafters.model_spec(load.drafter), drafter=True)
