"""The sizes of blocks are those of the package that unpacks them."""

import gguf

from engine.models.gguf.tensor_types import TENSOR_TYPES


def test_every_type_is_as_large_as_the_package_says() -> None:
    for number, kind in TENSOR_TYPES.items():
        theirs = gguf.GGMLQuantizationType(number)
        assert (theirs.name, *gguf.GGML_QUANT_SIZES[theirs]) == kind


def test_bytes_of_values_are_those_of_their_blocks() -> None:
    assert TENSOR_TYPES[8].n_bytes(64) == 68
    assert TENSOR_TYPES[0].n_bytes(64) == 256
