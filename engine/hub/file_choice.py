"""Chooses which files of a repository are needed to load its model: weights, tokenizer, configuration, template.

* imports neither Qt nor torch."""

import re
from collections.abc import Sequence

from engine.errors import ModelError
from engine.hub.hub_id import HubId
from engine.models.checkpoint_folder import WORD_FILES

_INDEX = "model.safetensors.index.json"
_SMALL = {*WORD_FILES, "config.json", "generation_config.json", "chat_template.jinja", "chat_template.json"}
_MORE_TEMPLATES = re.compile(r"additional_chat_templates/[\w-]{1,80}\.jinja", re.ASCII)
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors", re.ASCII)
# Weights of the same model in its maker's own layout, which transformers does not read.
_OTHER_LAYOUTS = re.compile(r"consolidated.*|.*adapter.*", re.ASCII)
_WEIGHTS = re.compile(r"[\w.-]{1,150}\.safetensors", re.ASCII)
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_SHOWN = 3


def needed_files(wanted: HubId, names: Sequence[str]) -> tuple[str, ...]:
    """The files to download, the small ones first. Raises ModelError if the model cannot be loaded from any of them."""
    if wanted.file:
        if wanted.file not in names:
            raise ModelError(f"{wanted.repo} has no file {wanted.file}", _other_files(names))
        return (wanted.file,)
    weights = _weights(names)
    if not weights:
        raise ModelError(*_without_weights(wanted, names))
    if "config.json" not in names:
        raise ModelError(f"{wanted.repo} has no config.json", "name a model in the format of transformers")
    small = sorted(name for name in names if name in _SMALL or _MORE_TEMPLATES.fullmatch(name))
    index = [_INDEX] if len(weights) > 1 and _INDEX in names else []
    return (*small, *index, *weights)


def brings_code(names: Sequence[str]) -> bool:
    """Whether a repository has code of its own, which is neither downloaded nor run."""
    return any(name.endswith(".py") for name in names)


def _weights(names: Sequence[str]) -> list[str]:
    """The safetensors files that transformers would load: the one it asks for first, or all shards."""
    if "model.safetensors" in names:
        return ["model.safetensors"]
    shards = sorted(name for name in names if _SHARD.fullmatch(name))
    if shards:
        return shards
    return sorted(name for name in names if _WEIGHTS.fullmatch(name) and not _OTHER_LAYOUTS.fullmatch(name))


def _without_weights(wanted: HubId, names: Sequence[str]) -> tuple[str, str]:
    gguf = [name for name in names if name.lower().endswith(".gguf")]
    if gguf:
        return f"{wanted.repo} has GGUF files and no safetensors", _other_files(names, wanted.repo)
    if any(name.endswith(_PICKLES) for name in names):
        return (
            f"{wanted.repo} has pickled weights only, which can run code",
            "name another with safetensors, or convert it yourself",
        )
    return f"{wanted.repo} has no weights (*.safetensors)", "name another model"


def _other_files(names: Sequence[str], repo: str = "OWNER/NAME") -> str:
    gguf = sorted(name for name in names if name.lower().endswith(".gguf"))
    more = ", …" if len(gguf) > _SHOWN else ""
    if not gguf:
        return "name the model without a file"
    return f"name one of its files, as {repo}/FILE: {', '.join(gguf[:_SHOWN])}{more}"
