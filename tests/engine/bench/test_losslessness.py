"""Drafting changes nothing, heard through the events of every host and computed by every runtime."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
import torch
from transformers import GenerationConfig as TheirConfig

from engine.bench import losslessness
from engine.bench.hosted import HostedPair
from engine.bench.losslessness import Losslessness
from engine.commands import Load
from engine.errors import EngineError
from engine.events import Event, Progressed, RoundFinished, RunStarted
from engine.host.process_host import ProcessHost
from engine.host.thread_host import Host, ThreadHost
from engine.methods.plain.config import PlainConfig
from engine.methods.speculative.config import SpeculativeConfig
from engine.session.session import Session
from tests import fakes
from tests.engine.host.test_thread_host import timeless

N_NEW = 20
PROMPTS = ([5, 6, 7, 5, 6, 7, 5, 6], [40, 41, 42])
CONFIG = SpeculativeConfig(max_new_tokens=N_NEW, baseline=False, stop_at_end=False, seed=3)
# A random model's distribution is flat: of three tokens a position, each path is likely enough to be counted.
SHORT = msgspec.structs.replace(CONFIG, max_new_tokens=4, top_k=3)
N_SAMPLES = 80
EVERY_RUNTIME = pytest.mark.parametrize("runtime", ["fused", "modules"])


class Specs(NamedTuple):
    target: str
    small: str


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Specs:
    folder, target = tmp_path_factory.mktemp("pair"), fakes.model()
    return Specs(fakes.save(target, folder / "t"), fakes.save(fakes.noisy_copy(target), folder / "d"))


# For the whole file, before each test counts its threads: a process takes seconds to import torch.
@pytest.fixture(scope="module", autouse=True)
def hosts(specs: Specs) -> Iterator[dict[str, Host]]:
    made: dict[str, Host] = {"thread": ThreadHost(), "process": ProcessHost()}
    for host in made.values():
        loaded(host, specs, "fused")
    yield made
    assert all(host.close() for host in made.values())


@pytest.fixture(params=["thread", "process"])
def host(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> Host:
    return hosts[request.param]


def loaded(host: Host, specs: Specs, runtime: str, drafter: str = "small") -> HostedPair:
    spec = specs.small if drafter == "small" else drafter
    return HostedPair(host, Load(specs.target, spec, runtime=runtime), lambda event: None)


def log(pair: HostedPair, method: str, config: SpeculativeConfig | PlainConfig) -> list[Event]:
    events = pair.run(method, config, PROMPTS[0])
    return [timeless(event) for event in events if not isinstance(event, Progressed)]


@EVERY_RUNTIME
@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_same_command_and_seed_give_the_same_log_on_every_host(
    hosts: dict[str, Host], specs: Specs, runtime: str, temperature: float
) -> None:
    config = msgspec.structs.replace(CONFIG, temperature=temperature, baseline=True, repeats=1)
    plain = PlainConfig(temperature=temperature, max_new_tokens=N_NEW)
    pairs = [loaded(host, specs, runtime) for host in hosts.values()]
    logs = [[log(pair, "speculative", config), log(pair, "plain", plain)] for pair in pairs]
    assert logs[0] == logs[1]
    started = logs[0][0][0]
    assert isinstance(started, RunStarted)
    assert started.runtime == runtime


@EVERY_RUNTIME
@pytest.mark.parametrize("drafter", ["small", "lookup"])
def test_greedy_text_in_the_events_equals_generate(host: Host, specs: Specs, runtime: str, drafter: str) -> None:
    session = Session()
    list(session.do(Load(specs.target, "none")))
    assert session.target is not None
    pair = loaded(host, specs, runtime, drafter)
    for prompt in PROMPTS:
        ids = torch.tensor([prompt])
        made = session.target.model.generate(ids, max_new_tokens=N_NEW, do_sample=False, pad_token_id=0)
        for gamma in (1, 4, 16):
            found = pair.ids("speculative", msgspec.structs.replace(CONFIG, gamma=gamma), prompt)
            assert found == tuple(made[0, len(prompt) :].tolist())


@EVERY_RUNTIME
@pytest.mark.parametrize("drafter", ["small", "lookup"])
def test_sampled_text_in_the_events_has_the_targets_distribution(
    host: Host, specs: Specs, runtime: str, drafter: str
) -> None:
    session = Session()
    list(session.do(Load(specs.target, "none")))
    assert session.target is not None
    pair = loaded(host, specs, runtime, drafter)
    *_, found = losslessness.check(pair, session.target, PROMPTS[:1], SHORT, n_samples=N_SAMPLES)
    assert isinstance(found, Losslessness)
    assert found.greedy_equal
    assert found.n_cells > 3
    assert found.sampling_p_value > 1e-3
    assert (found.engine, found.runtime) == (pair.engine, runtime)


def test_block_verification_samples_the_targets_distribution_too(hosts: dict[str, Host], specs: Specs) -> None:
    session = Session()
    list(session.do(Load(specs.target, "none")))
    assert session.target is not None
    config = msgspec.structs.replace(SHORT, accept="block")
    pair = loaded(hosts["thread"], specs, "fused")
    *_, verdict = losslessness.check(pair, session.target, PROMPTS[:1], config, n_samples=N_SAMPLES)
    assert isinstance(verdict, Losslessness)
    assert (verdict.accept, verdict.greedy_equal) == ("block", True)
    assert verdict.sampling_p_value > 1e-3
    rounds = [event for event in pair.run("speculative", config, PROMPTS[0]) if isinstance(event, RoundFinished)]
    greedy = all(token.prefix_prob is None for event in rounds for token in event.proposed)
    sampled = msgspec.structs.replace(config, temperature=1.0)
    judged = [event for event in pair.run("speculative", sampled, PROMPTS[0]) if isinstance(event, RoundFinished)]
    assert greedy
    assert all(token.prefix_prob is not None for event in judged for token in event.proposed)


def test_text_under_the_models_rules_and_a_penalty_is_the_targets(
    hosts: dict[str, Host], specs: Specs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruled = fakes.model()
    rules = {"suppress_tokens": list(range(0, 300, 2)), "no_repeat_ngram_size": 2, "repetition_penalty": 1.1}
    ruled.generation_config = TheirConfig(pad_token_id=0, **rules)
    session = Session()
    list(session.do(Load(fakes.save(ruled, tmp_path / "t"), "none")))
    assert session.target is not None
    pair = loaded(hosts["thread"], specs._replace(target=str(tmp_path / "t")), "fused")
    config = msgspec.structs.replace(SHORT, repetition_penalty=1.5)
    *_, found = losslessness.check(pair, session.target, PROMPTS[:1], config, n_samples=N_SAMPLES)
    assert isinstance(found, Losslessness)
    assert found.greedy_equal
    assert found.n_cells > 3
    assert found.sampling_p_value > 1e-3
    # As if the texts had been made without the rules that are expected of them.
    monkeypatch.setattr(losslessness, "ruled_text", lambda *given, **more: None)
    *_, other = losslessness.check(pair, session.target, PROMPTS[:1], config, n_samples=N_SAMPLES)
    assert isinstance(other, Losslessness)
    assert other.sampling_p_value < 1e-6


def test_text_that_is_not_the_targets_is_found(hosts: dict[str, Host], specs: Specs, tmp_path: Path) -> None:
    other = Session()
    list(other.do(Load(fakes.save(fakes.model(seed=9), tmp_path / "o"), "none")))
    assert other.target is not None
    pair = loaded(hosts["thread"], specs, "fused")
    *_, found = losslessness.check(pair, other.target, PROMPTS[:1], SHORT, n_samples=N_SAMPLES)
    assert isinstance(found, Losslessness)
    assert found.sampling_p_value < 1e-6


def test_what_the_engine_refuses_is_raised_and_the_pair_stays_usable(hosts: dict[str, Host], specs: Specs) -> None:
    pair = loaded(hosts["thread"], specs, "fused")
    with pytest.raises(EngineError, match="reads at most"):
        pair.ids("speculative", CONFIG, [5] * fakes.CONTEXT)
    assert len(pair.ids("speculative", CONFIG, PROMPTS[0])) == N_NEW
