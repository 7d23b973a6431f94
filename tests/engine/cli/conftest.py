"""A pair on disk that the commands of several files are asked with."""

import pytest

from tests import fakes


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options that name a tiny target, and a drafter much like it."""
    folder = tmp_path_factory.mktemp("pair")
    target = fakes.model()
    fakes.save(target, folder / "t")
    fakes.save(fakes.noisy_copy(target), folder / "d")
    return ["--target", str(folder / "t"), "--drafter", str(folder / "d")]
