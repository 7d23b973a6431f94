"""Texts from folders and files: what is read, what is left out and counted, what is refused."""

from pathlib import Path

import pytest

from engine.errors import InputError
from engine.training import texts as texts_module
from engine.training.texts import Texts


def put(folder: Path, **files: bytes) -> Path:
    for name, raw in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return folder


def test_text_files_are_documents_in_the_order_of_their_names(tmp_path: Path) -> None:
    put(tmp_path, b_txt=b"second", a_md=b"first", sub__c_txt="dritte Zeile ü".encode(), d_py=b"x = 1")
    assert list(Texts(tmp_path).documents()) == ["first", "second", "dritte Zeile ü"]


def test_lines_of_json_give_their_text_or_prompt(tmp_path: Path) -> None:
    put(tmp_path, a_jsonl=b'{"text": "one"}\n{"prompt": "two", "id": 3}\n\n{"answer": 1}\n{broken\n[1]\n')
    found = Texts(tmp_path / "a.jsonl")
    assert list(found.documents()) == ["one", "two"]
    assert found.n_skipped_lines == 3


def test_binary_files_are_left_out_and_counted(tmp_path: Path) -> None:
    put(tmp_path, a_txt=b"MZ\0\0\x01", b_txt=b"\xff\xfe broken", c_txt=b"good")
    found = Texts(tmp_path)
    assert list(found.documents()) == ["good"]
    assert found.n_skipped_files == 2


def test_blank_files_are_no_documents(tmp_path: Path) -> None:
    put(tmp_path, a_txt=b"  \n\n", b_txt=b"", c_txt=b"x")
    assert list(Texts(tmp_path).documents()) == ["x"]


def test_huge_file_comes_in_pieces_that_make_up_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts_module, "_LONGEST", 100)
    whole = "".join(f"line {i} of many\n" for i in range(60)) + "y" * 350
    put(tmp_path, a_txt=whole.encode())
    found = Texts(tmp_path)
    pieces, read = [], []
    for piece in found.documents():
        pieces.append(piece)
        read.append(found.n_bytes_read)
    assert "".join(pieces) == whole
    assert read == sorted(set(read))
    assert read[-1] == found.n_bytes
    assert len(pieces) > 10
    assert all(len(piece) <= 200 for piece in pieces)


@pytest.mark.parametrize(
    ("files", "match"), [({}, "is empty"), ({"a_py": b"x"}, "holds 1 files, none of them .txt, .md, .jsonl")]
)
def test_folder_without_text_is_refused(tmp_path: Path, files: dict[str, bytes], match: str) -> None:
    with pytest.raises(InputError, match=match):
        Texts(put(tmp_path, **files))


def test_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is nothing at .*nowhere"):
        Texts(tmp_path / "nowhere")


def test_stamp_changes_with_a_file(tmp_path: Path) -> None:
    put(tmp_path, a_txt=b"one")
    before = Texts(tmp_path).stamp()
    put(tmp_path, a_txt=b"other")
    assert Texts(tmp_path).stamp() != before
