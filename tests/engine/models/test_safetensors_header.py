"""Headers of safetensors files: whatever is in them, they are counted or refused as damaged."""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import ModelError
from engine.models.safetensors_header import read_counts, read_shapes

GOOD = {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 8]}


def write(path: Path, header: object, data: bytes = b"12345678") -> Path:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + data)
    return path


def test_good_header_is_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "w", {"__metadata__": {"format": "pt", "dtype": "x"}, "a": GOOD})
    assert read_counts(path) == (1, 2)
    assert read_shapes(path) == {"a": (2, 1)}


@pytest.mark.parametrize(
    "change",
    [
        {"data_offsets": []}, {"data_offsets": [0]}, {"data_offsets": [0, 4, 8]}, {"data_offsets": {}},
        {"data_offsets": "08"}, {"data_offsets": ["0", "8"]}, {"data_offsets": [0, 8.0]}, {"data_offsets": [None, 8]},
        {"data_offsets": [-8, 0]}, {"data_offsets": [8, 0]}, {"data_offsets": [0, 10**30]}, {"data_offsets": None},
        {"dtype": ["F32"]}, {"dtype": "X99"}, {"dtype": None}, {"shape": [-2, -1]}, {"shape": [10**9, 10**9]},
        {"shape": "21"}, {"shape": [2.0]},
    ],
)  # fmt: skip
def test_malformed_entry_is_damage(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="damaged or incomplete"):
        read_counts(write(tmp_path / "w", {"a": {**GOOD, **change}}))


@pytest.mark.parametrize(
    "header", [b"[1]", b"7", b"{", b"", b'{"a": null}', b'{"a": {}}', b'{"\xff": 1}', b'{"a":' + b"[" * 10**5]
)
def test_header_that_lists_no_tensors_is_damage(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(ModelError, match="damaged or incomplete"):
        read_counts(write(tmp_path / "w", header))


def test_tensors_that_overlap_or_leave_gaps_are_damage(tmp_path: Path) -> None:
    for begin in (0, 12):
        other = {"dtype": "F32", "shape": [2], "data_offsets": [begin, begin + 8]}
        with pytest.raises(ModelError, match="overlap"):
            read_counts(write(tmp_path / "w", {"a": GOOD, "b": other}, bytes(20)))


@pytest.mark.parametrize("n", [0, 1, 2**40, 2**63, 90_000_000])
def test_length_of_a_header_beyond_its_file_is_damage(tmp_path: Path, n: int) -> None:
    (tmp_path / "w").write_bytes(struct.pack("<Q", n) + b"{}")
    with pytest.raises(ModelError, match="bad header length"):
        read_counts(tmp_path / "w")


def test_folder_in_place_of_a_file_is_damage(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="it is a folder"):
        read_counts(tmp_path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(["F32", "BF16", "I8", "F4"]) | _JSON,
        "shape": st.lists(st.integers(-1, 4), max_size=3) | _JSON,
        "data_offsets": st.lists(st.integers(-1, 16), max_size=3) | _JSON,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.dictionaries(st.text(max_size=5), _ENTRY | _JSON, max_size=4) | _JSON, data=st.binary(max_size=16))
def test_any_header_is_counted_or_refused(tmp_path: Path, header: object, data: bytes) -> None:
    path = write(tmp_path / "w", header, data)
    try:
        counts = read_counts(path)
    except ModelError as err:
        assert err.message.startswith("w is damaged or incomplete")
    else:
        assert counts.n_tensors >= 0
        assert counts.n_parameters <= 2 * len(data)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=64))
def test_any_bytes_are_counted_or_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "w").write_bytes(raw)
    try:
        assert read_counts(tmp_path / "w").n_tensors == 0
    except ModelError as err:
        assert "damaged" in err.message
