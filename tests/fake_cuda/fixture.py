"""The stand-in of a GPU as a fixture; skipped, with the reason, where there can be none."""

import pytest

from tests.fake_cuda import guard, stand_ins
from tests.fake_cuda.watch import Watch


def installed(patch: pytest.MonkeyPatch, *, numbers: bool = True) -> Watch:
    """A watch, and the stand-ins that report to it until the patch is undone."""
    if guard.why_not():
        pytest.skip(guard.why_not())
    guard.register()
    watch = Watch(numbers=numbers)
    stand_ins.install(watch, patch)
    return watch


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Real numbers beside every tensor."""
    return installed(monkeypatch)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Shapes alone, so that models and contexts may have their true sizes; memory is counted."""
    made = installed(monkeypatch, numbers=False)
    made.counting_memory = True
    return made
