"""Whether a file can be converted, and what that takes, is known from its header."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.errors import InputError, ModelError
from engine.models.gguf import plan
from engine.models.gguf.tensor_types import TENSOR_TYPES
from tests import fakes, gguf_files


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gguf_files.write(tmp_path_factory.mktemp("gguf") / "m.gguf", fakes.model())


def test_disk_is_that_of_the_weights_and_memory_twice_that(file: Path) -> None:
    source = plan.check(str(file))
    work = plan.plan(source)
    assert work.dtype == "float32"
    assert work.disk_bytes > 4 * source.n_values
    assert work.memory_bytes > 2 * 4 * source.n_values
    assert plan.started(work).file == str(file)


@pytest.mark.parametrize(
    ("number", "n_values", "dtype"),
    [(0, 10, "float32"), (1, 10, "float16"), (30, 10, "bfloat16"), (12, 256, "float32"), (12, 2**32, "bfloat16")],
)
def test_stored_type_loses_nothing_unless_it_would_take_too_much(
    file: Path, number: int, n_values: int, dtype: str
) -> None:
    source = plan.check(str(file))
    tensor = source.tensors[0]._replace(shape=(n_values, 1), type=TENSOR_TYPES[number])
    assert plan.plan(source._replace(tensors=(tensor,))).dtype == dtype


@pytest.mark.parametrize(("changes", "what"), [({"model": "bert"}, "'bert'"), ({"pre": "brand-new"}, "'brand-new'")])
def test_a_tokenizer_that_is_not_known_is_refused_from_the_header(
    tmp_path: Path, changes: dict[str, str], what: str
) -> None:
    named = {f"tokenizer.ggml.{key}": value for key, value in changes.items()}
    path = gguf_files.write(tmp_path / "m.gguf", fakes.model(), changes=named)
    with pytest.raises(ModelError, match=what):
        plan.check(str(path))


def test_missing_package_is_named_with_its_extra(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs the package gguf") as err:
        plan.plan(plan.check(str(file)))
    assert "draftscope[gguf]" in err.value.hint


def test_too_little_disk_or_memory_is_refused_before_anything_is_written(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = plan.plan(plan.check(str(file)))
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=work.disk_bytes - 1))
    with pytest.raises(InputError, match=r"on disk, .* are free in"):
        plan.refuse_too_large(work)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=work.disk_bytes))
    monkeypatch.setattr(plan.psutil, "virtual_memory", lambda: SimpleNamespace(available=work.memory_bytes - 1))
    with pytest.raises(InputError, match="of memory"):
        plan.refuse_too_large(work)
