"""Names of devices, types and models are refused as a load would refuse them."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.commands import Load
from engine.errors import EngineError
from engine.host import early_refusal
from tests import fakes


def test_pair_that_is_there_is_not_refused(tmp_path: Path) -> None:
    spec = fakes.save(fakes.model(), tmp_path / "m")
    for drafter in (spec, "none", "lookup", "lookup:3"):
        assert early_refusal.refuse(Load(spec, drafter)) is None
    assert early_refusal.refuse(Load("builtin", "builtin:small")) is None


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
        early_refusal.refuse(replace(Load(), **{field: name}))


def test_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EngineError, match="no weights"):
        early_refusal.refuse(Load(str(tmp_path)))
