"""The window shows runs of real models: special tokens, long names, chat, in both schemes."""

from pathlib import Path

import pytest

from tests_real import texts
from tests_real.commands import draftscope
from tests_real.conftest import OpenedModel
from tests_real.pictures import take_picture


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_run_is_pictured(scheme: str, smollm2: OpenedModel, place: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    said = draftscope(
        "decode", "--target", smollm2.file, "--drafter", "lookup", "--prompt", texts.REPEATING, "--max-new-tokens", 24,
        "--repeats", 1, "--no-save", "--device", "cpu", "--raw", "--trace", trace,
    )  # fmt: skip
    assert said.status == 0, said.words
    take_picture("decode", scheme, trace, place)
