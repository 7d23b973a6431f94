"""Checks the files of a model folder before anything opens them: regular, of bounded size, and in this folder.

* imports neither Qt nor torch."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.errors import ModelError
from engine.machine.file_kinds import why_irregular
from engine.machine.paths import is_text

# What transformers may open in a model folder, and no more than that: sockets of other programs may lie beside it.
_READ = {".json", ".jinja", ".model", ".txt", ".safetensors", ".tiktoken", ".vocab", ".spm"}
# Vocabularies of 262,144 entries take 33 MB, indexes of the largest models 15 MB.
MOST_VOCABULARY_BYTES = 256 << 20
MOST_JSON_BYTES = 64 << 20
_DEEPEST = 100
_AGAIN = "download the checkpoint again"
_WEIGHTS = ".safetensors"
_COUNTED = {"model.safetensors", "model.safetensors.index.json"}


def refuse_irregular(spec: str, folder: Path) -> None:
    """Raises ModelError for a pipe, a device or a file too large for a model's folder; raises OSError.

    Also for a folder whose name is no text, since the libraries that read it open no such path."""
    if not is_text(str(folder)):
        raise ModelError(f"the name of {spec} is not valid UTF-8, and its files cannot be opened", "rename the folder")
    for path in _opened(folder):
        kind = why_irregular(path)
        if kind and kind != "a folder":
            raise ModelError(f"{spec}: {path.name} is {kind}, not a file", _AGAIN)
        if not kind and path.suffix != _WEIGHTS and path.exists():
            _refuse_large(spec, path, MOST_VOCABULARY_BYTES)


def _opened(folder: Path) -> Iterator[Path]:
    """The entries of a folder that transformers may open, sorted."""
    for path in sorted(folder.iterdir()):
        if path.suffix in _READ:
            yield path
    templates = folder / "additional_chat_templates"
    if templates.is_dir():
        yield from sorted(templates.glob("*.jinja"))


def _refuse_large(spec: str, path: Path, most_bytes: int) -> None:
    n_bytes = path.stat().st_size
    if n_bytes > most_bytes:
        reason = f"{spec}: {path.name} has {n_bytes / 2**20:,.0f} MiB, more than the {most_bytes >> 20} MiB it may have"
        raise ModelError(reason, _AGAIN)


def read_json(path: Path, spec: str) -> dict[str, object]:
    """The object in a JSON file of a checkpoint. Raises ModelError: none, no regular file, too large, too deep."""
    try:
        if kind := why_irregular(path):
            raise ModelError(f"{spec}: {path.name} is {kind}, not a file", _AGAIN)
        _refuse_large(spec, path, MOST_JSON_BYTES)
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        raise ModelError(f"{spec} has no {path.name}", "name a Hugging Face checkpoint folder") from err
    except RecursionError as err:
        raise _too_deep(path, spec) from err
    except (OSError, ValueError) as err:
        raise ModelError(f"{spec}: {path.name} cannot be read ({err})", _AGAIN) from err
    if not isinstance(content, dict):
        raise ModelError(f"{spec}: {path.name} is not a JSON object", _AGAIN)
    if _is_deep(content):
        raise _too_deep(path, spec)
    return content


def _too_deep(path: Path, spec: str) -> ModelError:
    return ModelError(f"{spec}: {path.name} is nested more than {_DEEPEST} levels deep", _AGAIN)


def _is_deep(content: object) -> bool:
    """Whether lists and objects lie in each other deeper than any honest file; looks at a level at a time."""
    level = [content]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def refuse_handed_on(spec: str, folder: Path, config: Mapping[str, object]) -> None:
    """Raises ModelError for a folder whose weights are elsewhere: an adapter, or weights of other names."""
    if (folder / "adapter_config.json").exists():
        raise ModelError(f"{spec} is an adapter over another model", "merge it into its model and save that")
    named = config.get("transformers_weights")
    if named is not None and named not in _COUNTED:
        raise ModelError(
            f"{spec}: config.json names weights of its own ({str(named)[:80]!r})", "remove transformers_weights there"
        )


def indexed_files(spec: str, index: Path) -> list[Path]:
    """The weight files that an index names. Raises ModelError for one elsewhere, or for one that is no safetensors."""
    weight_map = read_json(index, spec).get("weight_map", {})
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise ModelError(f"{spec}: {index.name} lists no files", _AGAIN)
    names = sorted({str(name) for name in weight_map.values()})
    for name in names:
        if "/" in name or "\\" in name or "\0" in name or ":" in name or name in ("", ".", ".."):
            reason = f"{spec}: {index.name} names {name[:80]!r}, which is not in this folder"
            raise ModelError(reason, "put all weight files into the model's folder")
        if not name.endswith(_WEIGHTS):
            reason = f"{spec}: {index.name} names {name[:80]!r}, which is no safetensors file"
            raise ModelError(reason, "convert the weights to safetensors: pickles can run code")
    for name in names:
        if not (index.parent / name).exists():
            raise ModelError(f"{spec} lacks {name[:80]!r}, which {index.name} names", _AGAIN)
    return [index.parent / name for name in names]
