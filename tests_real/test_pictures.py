"""The window shows runs of real models: special tokens, long names, chat, in both schemes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests_real import texts
from tests_real.commands import draftscope
from tests_real.conftest import OpenedModel
from tests_real.figures import ROOT

_PNG = b"\x89PNG"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_run_is_pictured(scheme: str, smollm2: OpenedModel, place: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    said = draftscope(
        "decode", "--target", smollm2.file, "--drafter", "lookup", "--prompt", texts.REPEATING, "--max-new-tokens", 24,
        "--repeats", 1, "--no-save", "--device", "cpu", "--trace", trace,
    )  # fmt: skip
    assert said.status == 0, said.words
    picture = place / "pictures" / f"decode-{scheme}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, "-m", "app", "--screenshot", str(picture), "--workspace", "decode", "--trace", str(trace),
        "--scheme", scheme,
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=ROOT, timeout=300)
    assert picture.read_bytes()[:4] == _PNG
