"""What files were converted into is listed with its size, and removed whole, while the files stay."""

import json
from pathlib import Path

import pytest
from filelock import FileLock

from engine.errors import InputError
from engine.models.gguf import kept
from engine.models.gguf.cache import SOURCE_FILE
from engine.models.gguf.plan import root


def convert(name: str, content: object) -> Path:
    """A folder as a conversion leaves it."""
    folder = root() / f"{name}-0123456789abcdef-1"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"0" * 1000)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / SOURCE_FILE).write_text(text, encoding="utf-8")
    return folder


def test_nothing_was_converted_where_there_is_no_cache() -> None:
    assert kept.conversions() == () and kept.conversion_of("/m.gguf") is None


def test_conversions_are_listed_with_file_size_and_type(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    folder = convert("m", {"file": str(file), "bytes": 9, "dtype": "float32", "form": 1})
    (root() / "hashes").mkdir()
    convert(".m.12345678.partial", {"file": str(file)})
    (conversion,) = kept.conversions()
    size = 1000 + (folder / SOURCE_FILE).stat().st_size
    assert conversion == kept.KeptConversion(str(file), folder, size, "float32")
    assert kept.conversion_of(str(file)) == kept.conversion_of(str(folder)) == conversion
    assert kept.conversion_of("owner/name") is None


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 9000, {"file": 7, "dtype": None}, {"file": ""}])
def test_one_whose_file_is_not_stated_is_named_by_its_folder(content: object) -> None:
    folder = convert("m", content)
    (conversion,) = kept.conversions()
    assert (conversion.file, conversion.dtype) == (str(folder), "")
    kept.remove(conversion)
    assert kept.conversions() == ()


def test_a_removal_takes_that_folder_alone_and_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF")
    convert("m", {"file": str(file)})
    other = convert("n", {"file": str(tmp_path / "n.gguf")})
    conversion = kept.conversion_of(str(file))
    assert conversion is not None
    kept.remove(conversion)
    assert file.exists() and [path.name for path in root().glob("*") if path.is_dir()] == [other.name]


def test_what_is_being_converted_is_not_removed(tmp_path: Path) -> None:
    folder = convert("m", {"file": str(tmp_path / "m.gguf")})
    with FileLock(root() / f".{folder.name}.lock"), pytest.raises(InputError, match="is being converted"):
        kept.remove(kept.conversions()[0]._replace(folder=folder))
    assert folder.exists()
