"""Hashes of a pair's files, by which a kept run names the weights that it was made with."""

from engine.errors import EngineError
from engine.models.checkpoint_folder import fingerprint


def pair_hashes(target: str, drafter: str | None) -> tuple[tuple[str, str], ...]:
    """Hashes by role; drafter: its SPEC, None if it is no model. What has no files, or cannot be read, is left out."""
    hashes = (("target", model_hash(target)), ("drafter", drafter and model_hash(drafter, drafter=True)))
    return tuple((role, value) for role, value in hashes if value)


def model_hash(spec: str, *, drafter: bool = False) -> str:
    """The hash of a model's files; empty for one that has no files, or whose files cannot be read."""
    try:
        return fingerprint(spec, drafter=drafter)
    except EngineError:
        return ""
