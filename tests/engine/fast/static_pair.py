"""A small pair whose rounds are made at fixed places, called here as graphs are replayed on CUDA."""

from collections.abc import Callable
from threading import Event as Flag

import pytest
import torch
from torch import Tensor

from engine.commands import Load
from engine.decoding.generation import Generation, whole
from engine.fast.static_kv_cache import StaticKvCache
from engine.models.loading import LoadedModel
from engine.runtime import RunContext
from engine.session.session import Session
from engine.settings import GenerationConfig
from tests import fakes
from tests.engine.session.running import loaded

PROMPT = (5, 9, 2, 11, 3)


class Overwriting:
    """Calls as a graph is replayed: the work is that of the first call, the result lies where the first one lay."""

    def repeated(self, work: Callable[[], Tensor]) -> Callable[[], Tensor]:
        results: list[Tensor] = []

        def again() -> Tensor:
            made = work()
            results[:] = [results[0].copy_(made)] if results else [made]
            return results[0]

        return again


def on_static(session: Session) -> Session:
    """The same pair, its rounds at fixed places."""
    assert session.target is not None
    session.target = static(session.target)
    return session


def static(target: LoadedModel) -> LoadedModel:
    assert target.fused is not None
    return target._replace(static=StaticKvCache(target.fused, context=target.context, repeaters=Overwriting))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    target, folder = fakes.model(), tmp_path_factory.mktemp("pair")
    return fakes.save(target, folder / "t"), fakes.save(fakes.noisy_copy(target), folder / "d")


@pytest.fixture
def session(pair: tuple[str, str]) -> Session:
    return loaded(Load(*pair))


def runtime(session: Session) -> RunContext:
    assert session.target is not None
    return RunContext(session.target, session.drafter, "", cancelled=Flag())


def ids_of(rt: RunContext, config: GenerationConfig, prompt: tuple[int, ...], gamma: int) -> tuple[int, ...]:
    with torch.inference_mode():
        _, made = whole(rt.generate(config, prompt, gamma=gamma))
    assert isinstance(made, Generation)
    return made.ids
