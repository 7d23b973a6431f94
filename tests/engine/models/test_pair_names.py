"""Names of devices, types and models are refused as a load would refuse them."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.commands import Load
from engine.errors import EngineError, InputError
from engine.models import pair_names
from tests import fakes


def test_pair_that_is_there_is_not_refused(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    for drafter in (spec, "none", "lookup", "lookup:3"):
        assert pair_names.refuse(Load(spec, drafter)) is None
    assert pair_names.refuse(Load("builtin", "builtin:small")) is None


@pytest.mark.parametrize(
    ("field", "name", "words"),
    [
        ("target", "./nowhere", "no folder"),
        ("drafter", "./nowhere", "no folder"),
        ("device", "toaster", "unknown device"),
        ("device", "cuda:-1", "unknown device"),
        ("drafter_device", "xpu", "not supported"),
        ("dtype", "int3", "unknown dtype"),
        ("runtime", "quick", "unknown runtime"),
        ("quantize", "int3", "unknown quantisation"),
    ],
)
def test_name_of_nothing_is_refused(field: str, name: str, words: str) -> None:
    with pytest.raises(EngineError, match=words):
        pair_names.refuse(replace(Load(), **{field: name}))


@pytest.mark.parametrize(("name", "number"), [("auto", None), ("cpu", None), ("cuda", None), ("cuda:3", 3)])
def test_number_of_a_device_is_read_from_its_name(name: str, number: int | None) -> None:
    assert pair_names.parse_device(name) == number


def test_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EngineError, match="no weights"):
        pair_names.refuse(Load(str(tmp_path)))


@pytest.mark.parametrize("name", ["", "float64", "Float32"])
def test_type_is_one_of_the_offered_ones(name: str) -> None:
    with pytest.raises(InputError, match="use auto, fastest, float32"):
        pair_names.parse_dtype(name)
