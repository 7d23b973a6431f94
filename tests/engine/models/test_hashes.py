"""Hashes name the weights: other weights, another hash; what has no files has none."""

from pathlib import Path

from engine.models.hashes import pair_hashes
from tests import fakes


def test_every_model_of_a_pair_has_a_hash_by_its_role(tmp_path: Path) -> None:
    target = fakes.model()
    specs = fakes.save(target, tmp_path / "t"), fakes.save(fakes.noisy_copy(target), tmp_path / "d")
    hashes = dict(pair_hashes(*specs))
    assert set(hashes) == {"target", "drafter"}
    assert hashes["target"] != hashes["drafter"]
    assert dict(pair_hashes(specs[0], None)) == {"target": hashes["target"]}


def test_what_has_no_files_has_no_hash(tmp_path: Path) -> None:
    assert pair_hashes("timing:tiny", str(tmp_path / "gone")) == ()
