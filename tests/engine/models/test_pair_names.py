"""Names of devices and types are parsed, and refused with what there is."""

import pytest

from engine.errors import InputError
from engine.models import pair_names


@pytest.mark.parametrize(("name", "number"), [("auto", None), ("cpu", None), ("cuda", None), ("cuda:3", 3)])
def test_number_of_a_device_is_read_from_its_name(name: str, number: int | None) -> None:
    assert pair_names.parse_device(name) == number


@pytest.mark.parametrize("name", ["", "float64", "Float32"])
def test_type_is_one_of_the_offered_ones(name: str) -> None:
    with pytest.raises(InputError, match="use auto, fastest, float32"):
        pair_names.parse_dtype(name)
