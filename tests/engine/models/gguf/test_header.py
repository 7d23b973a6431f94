"""A header is read with every length checked: whatever is wrong with a file is said in one line."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError, InputError, ModelError
from engine.models.gguf import header
from tests import fakes, gguf_files


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gguf_files.write(tmp_path_factory.mktemp("gguf") / "m.gguf", fakes.model())


def changed(file: Path, folder: Path, content: bytes, name: str = "x.gguf") -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def test_header_tells_family_settings_and_tensors(file: Path) -> None:
    source = header.read(str(file))
    assert source.architecture == "llama"
    assert source.integer("llama.embedding_length") == 32
    assert source.n_values == sum(p.numel() for p in fakes.model().parameters())
    assert source.texts("tokenizer.ggml.tokens")[0] == fakes.tokenizer().convert_ids_to_tokens(0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 and more", "is not a GGUF file"),
        (b"GGUF", "cut short within its header"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "of version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60), "it claims"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**62), "cut short within its header"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "holds no weights"),
    ],
)
def test_what_is_no_whole_gguf_file_is_refused(file: Path, tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        header.read(changed(file, tmp_path, content))


def test_a_file_whose_weights_are_cut_short_tells_how_much_is_missing(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    with pytest.raises(ModelError, match=rf"cut short: {len(whole) - 100:,} of"):
        header.read(changed(file, tmp_path, whole[:-100]))


@pytest.mark.parametrize("name", ["big-00001-of-00003.gguf", "big-00002-OF-00003.GGUF"])
def test_a_part_of_a_split_model_is_refused_with_the_way_to_join_it(file: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="one of 3 parts") as err:
        header.read(changed(file, tmp_path, file.read_bytes(), name))
    assert "llama-gguf-split --merge" in err.value.hint


def test_a_split_model_is_known_under_any_name(tmp_path: Path) -> None:
    path = gguf_files.write(tmp_path / "m.gguf", fakes.model(), changes={"split.count": 2})
    with pytest.raises(ModelError, match="one of 2 parts"):
        header.read(str(path))


def test_unknown_quantisation_names_the_tensor(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    at = whole.index(b"token_embd.weight") + len(b"token_embd.weight") + 4 + 16
    with pytest.raises(ModelError, match=r"token_embd\.weight is quantised as type 77"):
        header.read(changed(file, tmp_path, whole[:at] + struct.pack("<I", 77) + whole[at + 4 :]))


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        header.read(str(tmp_path / "none.gguf"))
    (tmp_path / "folder.gguf").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        header.read(str(tmp_path / "folder.gguf"))


def test_a_setting_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = gguf_files.write(tmp_path / "m.gguf", fakes.model(), changes={"llama.block_count": "two"})
    with pytest.raises(ModelError, match=r"llama\.block_count is 'two'"):
        header.read(str(path)).integer("llama.block_count")


@given(at=st.integers(0, 4000), byte=st.integers(0, 255))
def test_a_damaged_byte_never_raises_anything_else(
    file: Path, tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    content = bytearray(file.read_bytes())
    content[at] = byte
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    path.write_bytes(content)
    header._read.cache_clear()
    try:
        header.read(str(path))
    except EngineError as err:
        assert "\n" not in str(err)
