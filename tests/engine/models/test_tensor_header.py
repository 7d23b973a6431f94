"""The header of a safetensors file tells names, shapes and whether the file is whole."""

import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import ModelError
from engine.models import tensor_header


def test_names_shapes_and_numbers_are_read_without_the_weights(tmp_path: Path) -> None:
    file = tmp_path / "m.safetensors"
    save_file({"a": torch.zeros(2, 3), "b": torch.zeros(5, dtype=torch.bfloat16)}, file, metadata={"format": "pt"})
    assert {name: tensor.shape for name, tensor in tensor_header.read(file).items()} == {"a": (2, 3), "b": (5,)}
    assert tensor_header.n_parameters(file) == 11


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\0" * 8, struct.pack("<Q", 1 << 62), struct.pack("<Q", 4) + b"null", struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 9) + b'{"a": {}}', struct.pack("<Q", 9) + b'{"a": 1}\n',
        struct.pack("<Q", 60) + json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode(),
        struct.pack("<Q", 200_000) + b'{"a":' * 40_000,
    ],
)  # fmt: skip
def test_a_damaged_file_is_named(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "m.safetensors"
    file.write_bytes(raw)
    with pytest.raises(ModelError, match=r"m\.safetensors is damaged or incomplete"):
        tensor_header.read(file)
