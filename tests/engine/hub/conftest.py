"""A small model on a hub of this machine, and an empty cache."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from engine.hub.describing import HubSite
from tests import fakes
from tests.hub_server import Hub, Repository, model_files, serving


@pytest.fixture(autouse=True)
def _without_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody is logged in, and nothing waits before it tries again."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr("engine.hub.downloading._PAUSES_S", (0.0, 0.0))


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a model's repository."""
    folder = tmp_path_factory.mktemp("model")
    fakes.save(fakes.model(), folder)
    return model_files(folder, template=True)


@pytest.fixture
def repository(files: dict[str, bytes]) -> Repository:
    return Repository(dict(files))


@pytest.fixture
def hub(repository: Repository) -> Iterator[Hub]:
    with serving(tiny=repository) as running:
        yield running


@pytest.fixture
def site(hub: Hub, tmp_path: Path) -> HubSite:
    return HubSite(hub.address, tmp_path / "cache")
