"""Finds the checkpoint folder of a SPEC and checks that it is safe to load; reads only JSON and safetensors headers.

* imports neither Qt nor torch."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from engine.errors import InputError, ModelError
from engine.models import tensor_header, timing_shapes
from engine.models.gguf import cache, families, header, plan
from engine.models.gguf.header import GgufHeader
from engine.models.timing_shapes import Timing

BUILTIN_TARGET = "target"
BUILTIN_DRAFTERS = {
    "builtin": "general", "builtin:small": "small", "builtin:misaligned": "misaligned", "builtin:rag": "rag",
}  # fmt: skip
# Written by older versions of transformers itself; nothing acts on them.
_HARMLESS_PRIVATE_KEYS = {
    "_name_or_path",
    "_model_name_or_path",
    "_commit_hash",
    "_sliding_window_pattern",
    "_from_model_config",
}
# The files from which transformers reads a vocabulary.
WORD_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model",
    "vocab.json", "merges.txt", "vocab.txt",
)  # fmt: skip
# New weights differ everywhere: both ends of a file of many gigabytes are enough to tell models apart.
_END_BYTES = 2**20
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


class Checkpoint(NamedTuple):
    """A folder that may be loaded: SPEC, path, configuration, number of parameters and size of its weight files.

    timing: set for a model of random weights, which has no folder and only serves timing; None for all others.
    gguf: the header of a GGUF file that has to be converted before it is loaded; None for all others."""

    spec: str
    folder: Path
    config: dict[str, object]
    n_parameters: int
    n_file_bytes: int
    timing: Timing | None = None
    gguf: GgufHeader | None = None


def builtin_folder(name: str) -> Path:
    """The folder of a built-in model."""
    return Path(str(files("assets"))) / "models" / name


def locate(spec: str, *, drafter: bool) -> Path:
    """The folder a SPEC names: built-in, a path, or a hub id in the local cache; nothing is downloaded."""
    if spec == "builtin" or spec.startswith("builtin:"):
        name = BUILTIN_DRAFTERS.get(spec) if drafter else {"builtin": BUILTIN_TARGET}.get(spec)
        if name is None:
            names = ", ".join(BUILTIN_DRAFTERS) if drafter else "builtin"
            raise InputError(f"there is no built-in model {spec!r}", f"use one of: {names}")
        return builtin_folder(name)
    try:
        folder = Path(spec).expanduser()
        exists = folder.exists()
    except (OSError, RuntimeError, ValueError) as err:
        raise InputError(f"{spec[:80]} is not a path ({err})", "name a folder or a hub id") from err
    return folder if exists or _looks_like_path(spec) else _cached_folder(spec)


def _looks_like_path(spec: str) -> bool:
    return spec.startswith((".", "/", "~", "\\")) or spec.count("/") > 1


def _cached_folder(spec: str) -> Path:
    # Imported late: the window uses the names in this file before it has time to import a hub client.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, IncompleteSnapshotError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(spec, local_files_only=True))
    except (
        IncompleteSnapshotError
    ) as err:  # not all that the hub has of it is needed: what is there is checked by itself
        return Path(err.snapshot_path)
    except (LocalEntryNotFoundError, HFValidationError, OSError) as err:
        hint = f"download it with `draftscope models get {spec}`, or name a folder"
        raise InputError(f"{spec} is neither a folder nor a model in the local hub cache", hint) from err


def inspect(spec: str, *, drafter: bool = False) -> Checkpoint:
    """Check a checkpoint without loading it.

    Raises InputError or ModelError: missing, empty, no safetensors, remote code, unreadable configuration."""
    if timing_shapes.is_timing(spec):
        return of_timing(spec, timing_shapes.parse(spec, drafter=drafter))
    if header.is_gguf(spec):
        return _of_gguf(spec)
    with readable(spec):
        folder = locate(spec, drafter=drafter)
        if not folder.is_dir() and folder.parent == builtin_folder(""):
            raise ModelError("the built-in models are missing from this installation", "install Draftscope again")
        refuse_empty(spec, folder)
        return examine(spec, folder)


def of_timing(spec: str, timing: Timing) -> Checkpoint:
    """The checkpoint of a model that is made of random weights and has no folder."""
    n_parameters = timing_shapes.n_parameters(timing.shape)
    return Checkpoint(spec, Path(spec), timing_shapes.configuration(timing.shape), n_parameters, 0, timing)


def _of_gguf(spec: str) -> Checkpoint:
    """The checkpoint of a GGUF file: the folder that it was converted into, or what its header says it will be."""
    source = plan.check(spec)
    folder = cache.converted(spec)
    if folder is not None:
        return examine(spec, folder)
    return Checkpoint(
        spec, source.path, families.configuration(source), source.n_values, source.n_file_bytes, gguf=source
    )


@contextmanager
def readable(spec: str) -> Iterator[None]:
    """Turn what the system says about files that cannot be read into one line. Raises InputError."""
    try:
        yield
    except OSError as err:
        raise InputError(f"{spec} cannot be read ({err.strerror})", "check its permissions") from err


def refuse_empty(spec: str, folder: Path) -> None:
    """Raises InputError if there is no folder, or nothing in it."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {spec}", "check the path; `builtin` is always there")
    if not any(folder.iterdir()):
        raise InputError(f"the folder {spec} is empty", "name a folder with config.json and *.safetensors")


def examine(spec: str, folder: Path) -> Checkpoint:
    """Check a folder's files: configuration, no code of its own, complete safetensors. Raises ModelError, OSError."""
    _refuse_unnamed_gguf(spec, folder)
    config = read_json(folder / "config.json", spec)
    for name in ("config.json", "tokenizer_config.json", "generation_config.json"):
        if (folder / name).exists():
            refuse_remote_code(read_json(folder / name, spec), f"{spec}/{name}")
    weights = weight_files(folder, spec)
    n_parameters = sum(tensor_header.n_parameters(path) for path in weights)
    return Checkpoint(spec, folder, config, n_parameters, sum(path.stat().st_size for path in weights))


def _refuse_unnamed_gguf(spec: str, folder: Path) -> None:
    """Raises InputError for a folder that holds GGUF files and no checkpoint: the file has to be named."""
    files = sorted(folder.glob("*.gguf"))
    if files and not (folder / "config.json").exists():
        raise InputError(f"{spec} holds GGUF files and no config.json", f"name one of them, for instance {files[0]}")


def fingerprint(spec: str, *, drafter: bool = False) -> str:
    """A hash of a checkpoint's configuration, vocabulary and weights: of each file its size and both ends.

    That of a GGUF file is the hash of its content, whatever it was converted into."""
    if header.is_gguf(spec):
        return cache.file_hash(spec)
    checkpoint = inspect(spec, drafter=drafter)
    small_files = [checkpoint.folder / name for name in ("config.json", "generation_config.json", *WORD_FILES)]
    digest = sha256()
    with readable(spec):
        for path in (*small_files, *weight_files(checkpoint.folder, spec)):
            if path.exists():
                digest.update(f"{path.name} {path.stat().st_size}".encode() + _ends(path))
    return digest.hexdigest()


def _ends(path: Path) -> bytes:
    """The first and the last bytes of a file."""
    with path.open("rb") as file:
        first = file.read(_END_BYTES)
        file.seek(max(0, path.stat().st_size - _END_BYTES))
        return first + file.read()


def cached_ids() -> list[str]:
    """Hub ids in the local cache that name a causal language model, sorted. Raises InputError: it cannot be read.

    The hub client's own listing leaves out a repository with a single broken link, whose fault must be shown here."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    try:
        names = [path.name for path in cache.iterdir()] if cache.exists() else []
    except OSError as err:
        raise InputError(f"the hub cache {cache} cannot be read ({err.strerror})", "check its permissions") from err
    ids = (name.removeprefix("models--").replace("--", "/") for name in names if name.startswith("models--"))
    return sorted(spec for spec in ids if _is_language_model(spec))


def _is_language_model(spec: str) -> bool:
    """Whether a cached repository declares a causal language model, or nothing that can be read."""
    try:
        folder = _cached_folder(spec)
        if not (folder / "config.json").is_symlink() and not (folder / "config.json").exists():
            return False
        architectures = read_json(folder / "config.json", spec).get("architectures")
    except InputError:
        return False
    except (ModelError, OSError):
        return True
    return not isinstance(architectures, list) or any(
        "CausalLM" in str(name) or "LMHead" in str(name) for name in architectures
    )


def read_json(path: Path, spec: str) -> dict[str, object]:
    """The object in a file of a checkpoint. Raises ModelError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        raise ModelError(f"{spec} has no {path.name}", "name a Hugging Face checkpoint folder") from err
    except (OSError, ValueError, RecursionError) as err:
        raise ModelError(f"{spec}: {path.name} cannot be read ({err})", "download the checkpoint again") from err
    if not isinstance(content, dict):
        raise ModelError(f"{spec}: {path.name} is not a JSON object", "download the checkpoint again")
    return content


def refuse_remote_code(value: object, where: str) -> None:
    """Refuse what would make a library fetch or run code: auto_map, and private keys that set internals."""
    if isinstance(value, list):
        for element in value:
            refuse_remote_code(element, where)
    if not isinstance(value, dict):
        return
    for key, element in value.items():
        if key == "auto_map":
            raise ModelError(
                f"{where} asks for the model's own code (auto_map)", "Draftscope never runs model code; use another"
            )
        if key.startswith("_") and key not in _HARMLESS_PRIVATE_KEYS:
            raise ModelError(f"{where} sets the private key {key}", "remove that key if you trust the model")
        refuse_remote_code(element, where)


def weight_files(folder: Path, spec: str) -> list[Path]:
    """The safetensors files that transformers would load. Raises ModelError if there are none."""
    weights = _listed_weights(folder, spec)
    if weights:
        return weights
    if any(path for pattern in _PICKLES for path in folder.glob(pattern)):
        raise ModelError(f"{spec} has pickled weights only", "convert them to safetensors: pickles can run code")
    raise ModelError(f"{spec} has no weights (*.safetensors)", "name a complete checkpoint folder")


def _listed_weights(folder: Path, spec: str) -> list[Path]:
    """The files in the index, else `model.safetensors`, else all safetensors files there are."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        weight_map = read_json(index, spec).get("weight_map", {})
        if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
            raise ModelError(f"{spec}: {index.name} lists no files", "download the checkpoint again")
        return [folder / Path(name).name for name in sorted(set(weight_map.values()))]
    single = folder / "model.safetensors"
    return [single] if single.exists() or single.is_symlink() else sorted(folder.glob("*.safetensors"))


def tensor_sizes(folder: Path, spec: str) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors in a folder's weight files, by their names. Raises ModelError."""
    files = weight_files(folder, spec)
    return {name: tensor.shape for path in files for name, tensor in tensor_header.read(path).items()}
