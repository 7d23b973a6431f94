from pathlib import Path

import msgspec
import pytest

from engine.errors import InputError
from engine.events import ComparisonStarted, ScalingMeasured
from engine.reports import reading
from engine.runs.trace import TraceWriter
from tests.comparisons import comparison


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    writer = TraceWriter(tmp_path / "run" / "trace.jsonl")
    for event in comparison(n_prompts=2, n_tokens=8):
        writer.write(event)
    writer.close()
    return writer.path


def test_a_comparison_is_read_from_its_file_and_from_its_folder(trace: Path) -> None:
    kept = reading.read(trace)
    assert isinstance(kept.events[0], ComparisonStarted) and kept.damage is None
    assert reading.read(trace.parent) == kept


def test_a_torn_line_ends_the_log_and_is_named(trace: Path) -> None:
    whole = trace.read_bytes()
    trace.write_bytes(whole[:-20])
    kept = reading.read(trace)
    assert kept.damage is not None and len(kept.events) == len(comparison(n_prompts=2, n_tokens=8)) - 1


def test_a_measured_pair_is_read(tmp_path: Path) -> None:
    measured = {
        "gamma": 4, "max_new_tokens": 8, "n_blocks": 3, "device": "cpu", "dtype": "float32",
        "batches": [{
            "batch": 1, "plain_tokens_per_s": 1.0, "tokens_per_s": 2.0, "speedup": 2.0, "speedup_ci": None,
            "alpha": 0.5, "alpha_ci": None, "tau": 2.0, "same_tokens": True,
        }],
    }  # fmt: skip
    path = tmp_path / "scaling.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1))
    assert isinstance(reading.read(path).events[0], ScalingMeasured)


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"{}\n", b'{"event":"Nonsense"}\n', b"{\n}", b"x" * 1000])
def test_anything_else_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        reading.read(path)
    assert "x.jsonl" in str(caught.value) and "\n" not in str(caught.value)


def test_a_folder_without_a_log_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds neither trace\.jsonl"):
        reading.read(tmp_path)
    with pytest.raises(InputError, match=r"missing\.jsonl"):
        reading.read(tmp_path / "missing.jsonl")
