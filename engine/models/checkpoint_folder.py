"""Finds the checkpoint folder of a SPEC and checks that it is safe to load; reads only JSON and safetensors headers.

* imports neither Qt nor torch."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.resources import files
from math import prod
from pathlib import Path
from typing import NamedTuple

from engine.errors import InputError, ModelError
from engine.models import (
    configuration_limits,
    folder_files,
    quantised_checkpoint,
    safetensors_header,
    timing_shapes,
    tokenizer_limits,
)
from engine.models.folder_files import read_json
from engine.models.gguf import cache, families, header, plan
from engine.models.gguf.header import GgufHeader
from engine.models.safetensors_header import TensorCounts, read_shapes
from engine.models.timing_shapes import Timing

# Only a LongSpec drafter has it: one block, with the configuration of its whole target.
LONGSPEC_TENSOR = "cross_attn.q_proj.weight"
BUILTIN_TARGET = "target"
# The built-in drafter that is a block over its target, and no model.
BUILTIN_LONGSPEC = "builtin:longspec"
BUILTIN_DRAFTERS = {
    "builtin": "general", "builtin:small": "small", "builtin:misaligned": "misaligned", "builtin:rag": "rag",
    BUILTIN_LONGSPEC: "longspec",
}  # fmt: skip
# Written by versions of transformers and its like; nothing that loads a model acts on them.
_RECORDS = {"_name_or_path", "_model_name_or_path", "_commit_hash", "_auto_class", "_class_name", "_diffusers_version"}
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
    gguf: the header of a GGUF file that has to be converted before it is loaded; None for all others.
    own_code: the file that names code of the model's own, which is never run; empty for most. times_as_deep: how many
    times as many layers as its folder holds it is given, to serve timing; 1 for all others."""

    spec: str
    folder: Path
    config: dict[str, object]
    n_parameters: int
    n_file_bytes: int
    timing: Timing | None = None
    gguf: GgufHeader | None = None
    own_code: str = ""
    times_as_deep: int = 1


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
    if not spec.strip():  # a path without a name would be the current folder
        raise InputError("the name of a model is empty", "name a folder or a hub id; builtin is always there")
    try:
        folder = Path(spec).expanduser()
        exists = folder.exists()
    except (OSError, RuntimeError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) else err
        raise InputError(f"{spec[:80]} is not a path ({reason})", "name a folder or a hub id") from err
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
        hint = f"download it with 'draftscope models get {spec}', or name a folder"
        raise InputError(f"{spec} is neither a folder nor a model in the local hub cache", hint) from err


def inspect(spec: str, *, drafter: bool = False) -> Checkpoint:
    """Check a checkpoint without loading it.

    Raises InputError or ModelError: missing, empty, no safetensors, remote code, unreadable configuration."""
    if (times := timing_shapes.times_as_deep(spec)) > 1:
        return _deepened(spec, times, drafter=drafter)
    if timing_shapes.is_timing(spec):
        return of_timing(spec, timing_shapes.parse(spec, drafter=drafter))
    if header.is_gguf(spec):
        return _of_gguf(spec)
    with readable(spec):
        folder = locate(spec, drafter=drafter)
        if not folder.is_dir() and folder.parent == builtin_folder(""):
            raise ModelError("the built-in models are missing from this installation", "install Draftscope again")
        refuse_empty(spec, folder)
        return examine(spec, folder, drafter=drafter)


def of_timing(spec: str, timing: Timing) -> Checkpoint:
    """The checkpoint of a model that is made of random weights and has no folder."""
    n_parameters = timing_shapes.n_parameters(timing.shape)
    return Checkpoint(spec, Path(spec), timing_shapes.configuration(timing.shape), n_parameters, 0, timing)


def _deepened(spec: str, times: int, *, drafter: bool) -> Checkpoint:
    """The checkpoint of the built-in target with more layers. Raises InputError for a drafter."""
    if drafter:
        raise InputError(f"{spec} is a target", "draft with builtin, builtin:small or builtin:misaligned")
    own = inspect("builtin")
    shapes = {name: shape for path in weight_files(own.folder, spec) for name, shape in read_shapes(path).items()}
    n_in_layers = sum(prod(shape) for name, shape in shapes.items() if ".layers." in name)
    n_parameters = own.n_parameters + (times - 1) * n_in_layers
    return own._replace(spec=spec, n_parameters=n_parameters, times_as_deep=times)


def _of_gguf(spec: str) -> Checkpoint:
    """The checkpoint of a GGUF file: the folder that it was converted into, or what its header says it will be."""
    source = plan.check(spec)
    folder = cache.converted(spec)
    if folder is not None:
        return examine(spec, folder)
    config = families.configuration(source)
    configuration_limits.refuse_absurd(spec, config, TensorCounts(len(source.tensors), source.n_values))
    return Checkpoint(spec, source.path, config, source.n_values, source.n_file_bytes, gguf=source)


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
        raise InputError(f"there is no folder {spec}", "check the path; builtin is always there")
    if not any(folder.iterdir()):
        raise InputError(f"the folder {spec} is empty", "name a folder with config.json and *.safetensors")


def examine(spec: str, folder: Path, *, drafter: bool = False) -> Checkpoint:
    """Check a folder's files: configuration, no hidden settings, complete safetensors. Raises ModelError, OSError.

    Code of the model's own is not refused here: transformers may have the family without it."""
    _refuse_unnamed_gguf(spec, folder)
    folder_files.refuse_irregular(spec, folder)
    config = read_json(folder / "config.json", spec)
    quantised_checkpoint.refuse_unread(spec, config)
    own_code = ""
    for name in ("config.json", "tokenizer_config.json", "generation_config.json"):
        if (folder / name).exists():
            settings = read_json(folder / name, spec)
            refuse_remote_code(settings, f"{spec}/{name}", own_code_ignored=True)
            own_code = own_code or (name if "auto_map" in settings else "")
            if name != "tokenizer_config.json":
                configuration_limits.refuse_odd_tokens(f"{spec}/{name}", settings)
    folder_files.refuse_handed_on(spec, folder, config)
    tokenizer_limits.refuse_expanding(spec, folder)
    weights = weight_files(folder, spec)
    counts = _counts(weights)
    if not (drafter and any(LONGSPEC_TENSOR in safetensors_header.read_shapes(path) for path in weights)):
        configuration_limits.refuse_absurd(spec, config, counts)
    n_bytes = sum(path.stat().st_size for path in weights)
    return Checkpoint(spec, folder, config, counts.n_parameters, n_bytes, own_code=own_code)


def _counts(weights: list[Path]) -> TensorCounts:
    """What all weight files hold together. Raises ModelError."""
    counts = [safetensors_header.read_counts(path) for path in weights]
    return TensorCounts(sum(n.n_tensors for n in counts), sum(n.n_parameters for n in counts))


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
        config = read_json(folder / "config.json", spec)
        architectures = config.get("architectures")
    except InputError:
        return False
    except (ModelError, OSError):
        return True
    return (
        "text_config" in config
        or not isinstance(architectures, list)
        or any("CausalLM" in str(name) or "LMHead" in str(name) for name in architectures)
    )


def refuse_remote_code(value: object, where: str, *, own_code_ignored: bool = False) -> None:
    """Refuse what would make a library fetch or run code: auto_map, and private keys that set internals.

    A private key that holds a number or a yes or no names nothing: it records a fact. own_code_ignored: auto_map is
    left to a caller who never runs what it names."""
    if isinstance(value, list):
        for element in value:
            refuse_remote_code(element, where, own_code_ignored=own_code_ignored)
    if not isinstance(value, dict):
        return
    for key, element in value.items():
        if key == "auto_map" and not own_code_ignored:
            raise own_code_needed(where)
        is_record = key in _RECORDS or not isinstance(element, str | list | dict)
        if key.startswith("_") and not is_record:
            raise ModelError(f"{where} sets the private key {key}", "remove that key if you trust the model")
        refuse_remote_code(element, where, own_code_ignored=own_code_ignored)


def own_code_needed(where: str) -> ModelError:
    """The refusal of a model that cannot be read without code of its own."""
    return ModelError(
        f"{where} asks for the model's own code (auto_map)", "Draftscope never runs model code; use another"
    )


def weight_files(folder: Path, spec: str) -> list[Path]:
    """The safetensors files that transformers would load. Raises ModelError if there are none."""
    weights = _listed_weights(folder, spec)
    if weights:
        return weights
    others = sorted(path.name for path in folder.glob("*.safetensors"))
    if others:
        reason = f"{spec} has no model.safetensors and no index: transformers does not read {others[0][:80]!r}"
        raise ModelError(reason, "rename it if it is the whole model, or download the checkpoint again")
    if any(path for pattern in _PICKLES for path in folder.glob(pattern)):
        raise ModelError(f"{spec} has pickled weights only", "convert them to safetensors: pickles can run code")
    raise ModelError(f"{spec} has no weights (*.safetensors)", "name a complete checkpoint folder")


def _listed_weights(folder: Path, spec: str) -> list[Path]:
    """`model.safetensors`, else the files in the index; the index first where the configuration names it."""
    single, index, config = (
        folder / "model.safetensors",
        folder / "model.safetensors.index.json",
        folder / "config.json",
    )
    named = read_json(config, spec).get("transformers_weights") if config.exists() else None
    if (single.exists() or single.is_symlink()) and named != index.name:
        return [single]
    return folder_files.indexed_files(spec, index) if index.exists() else []


def tensor_sizes(folder: Path, spec: str) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors in a folder's weight files, by their names. Raises ModelError."""
    files = weight_files(folder, spec)
    return {name: shape for path in files for name, shape in safetensors_header.read_shapes(path).items()}
