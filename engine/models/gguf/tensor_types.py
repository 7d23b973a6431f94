"""The types in which GGUF files store numbers: how many values a block holds, and in how many bytes.

* imports neither Qt nor torch."""

from typing import NamedTuple


class TensorType(NamedTuple):
    """A type: its name, values and bytes of a block."""

    name: str
    n_block_values: int
    n_block_bytes: int

    @property
    def quantised(self) -> bool:
        """Whether values share a block."""
        return self.n_block_values > 1

    def n_bytes(self, n_values: int) -> int:
        """The bytes of so many values."""
        return n_values // self.n_block_values * self.n_block_bytes


# By their number in the file: those that the package `gguf` can turn into float32, which a test compares.
TENSOR_TYPES = {
    0: TensorType("F32", 1, 4),
    1: TensorType("F16", 1, 2),
    2: TensorType("Q4_0", 32, 18),
    3: TensorType("Q4_1", 32, 20),
    6: TensorType("Q5_0", 32, 22),
    7: TensorType("Q5_1", 32, 24),
    8: TensorType("Q8_0", 32, 34),
    10: TensorType("Q2_K", 256, 84),
    11: TensorType("Q3_K", 256, 110),
    12: TensorType("Q4_K", 256, 144),
    13: TensorType("Q5_K", 256, 176),
    14: TensorType("Q6_K", 256, 210),
    16: TensorType("IQ2_XXS", 256, 66),
    17: TensorType("IQ2_XS", 256, 74),
    18: TensorType("IQ3_XXS", 256, 98),
    19: TensorType("IQ1_S", 256, 50),
    20: TensorType("IQ4_NL", 32, 18),
    21: TensorType("IQ3_S", 256, 110),
    22: TensorType("IQ2_S", 256, 82),
    23: TensorType("IQ4_XS", 256, 136),
    29: TensorType("IQ1_M", 256, 56),
    30: TensorType("BF16", 1, 2),
    34: TensorType("TQ1_0", 256, 54),
    35: TensorType("TQ2_0", 256, 66),
    39: TensorType("MXFP4", 32, 17),
}
