"""The form of a one-row product: with one thread measured once and kept, with more always the same."""

from pathlib import Path

import pytest
import torch

from engine.fast import row_form
from engine.fast.row_form import RowTimes, measured, of_one_thread, read
from engine.machine import paths
from engine.machine.other_work import CpuShare


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "user_cache", lambda: tmp_path)
    monkeypatch.setattr(row_form, "_KEPT", {})
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    return tmp_path / "row-forms"


@pytest.fixture
def n_measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seen: list[int] = []
    monkeypatch.setattr(row_form, "measured", lambda matrices: seen.append(len(matrices)) or RowTimes(1.0, 2.0))
    return seen


def test_with_one_thread_the_librarys_form_stays_unless_the_other_gains_a_tenth() -> None:
    assert of_one_thread(None) == "library"
    assert of_one_thread(RowTimes(1.0, 1.05)) == "library"
    assert of_one_thread(RowTimes(1.0, 1.3)) == "streamed"


def test_with_several_threads_nothing_is_measured(n_measured: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert row_form.row_form([torch.zeros(4, 8)]) == "streamed"
    assert n_measured == []


def test_with_one_thread_it_is_measured_once_for_sizes(n_measured: list[int]) -> None:
    small, large = [torch.zeros(4, 8)], [torch.zeros(8, 8), torch.zeros(3, 8)]
    for matrices in (small, large, small):
        assert row_form.row_form(matrices) == "streamed"
    assert n_measured == [1, 2]


def test_answer_outlives_the_process_and_a_damaged_file_is_measured_again(
    cache: Path, n_measured: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for n_expected, content in ((1, None), (1, None), (2, b"{"), (3, b'{"streamed_ms": 0, "library_ms": 1}')):
        monkeypatch.setattr(row_form, "_KEPT", {})
        for path in cache.iterdir() if content is not None else ():
            path.write_bytes(content or b"")
        row_form.row_form([torch.zeros(4, 8)])
        assert len(n_measured) == n_expected


def test_folder_that_cannot_be_written_does_not_change_the_answer_midway(cache: Path, n_measured: list[int]) -> None:
    cache.write_text("a file where the folder should be")
    for _ in range(3):
        row_form.row_form([torch.zeros(4, 8)])
    assert len(n_measured) == 1


def test_measurement_beside_other_programs_is_not_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_form.OtherWork, "ended", lambda self: CpuShare(1.0, 9.0, 2))
    assert row_form.row_form([torch.zeros(4, 8)]) == "library"
    assert not cache.exists()


def test_both_forms_are_timed_over_no_more_than_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_form, "_MOST_BYTES", 1000)
    times = measured([torch.zeros(16, 16)] * 100)
    assert times is not None
    assert min(times.streamed_ms, times.library_ms) > 0


def test_no_file_is_no_answer(tmp_path: Path) -> None:
    assert read(tmp_path / "none.json") is None
