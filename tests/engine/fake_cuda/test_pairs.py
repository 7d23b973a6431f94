"""Every pair on the stand-in of a GPU: no mixed devices, one wait a round, and what the CPU would have said."""

from itertools import combinations, cycle, islice, product

import pytest
import torch

from engine import methods
from engine.events import RunFinished, Setting
from engine.settings import Request, make_config
from tests.fake_cuda import kinds
from tests.fake_cuda.decoding import PROMPT, decoded, on_cpu
from tests.fake_cuda.fixture import watch
from tests.fake_cuda.kinds import DTYPES, FAMILIES, PLACES, RUNTIMES, WARPS, Kind, Place
from tests.fake_cuda.watch import Watch

__all__ = ["watch"]

DRAFTERS = tuple(kinds.drafter_specs())
FIELDS = (DRAFTERS, WARPS, RUNTIMES, FAMILIES, DTYPES, PLACES)
ONE_GPU = Place("cuda:0", "cuda:0")


def covering() -> list[Kind]:
    """Every drafter with every warp and forward, and every family at every place, the other fields in turns."""
    rest = zip(cycle(FAMILIES), cycle(DTYPES), cycle(PLACES), strict=False)
    first = [Kind(*chosen, *others) for chosen, others in zip(product(*FIELDS[:3]), rest, strict=False)]
    turns = zip(cycle(DRAFTERS), cycle(WARPS), cycle(RUNTIMES), cycle(DTYPES), strict=False)
    second = [
        Kind(drafter, warp, runtime, family, dtype, place)
        for (family, place), (drafter, warp, runtime, dtype) in zip(product(FAMILIES, PLACES), turns, strict=False)
    ]
    return [*first, *second, *_missing([*first, *second])]


def _missing(made: list[Kind]) -> list[Kind]:
    """Kinds for the pairs of values that none of these has."""
    added: list[Kind] = []
    for i, j in combinations(range(len(FIELDS)), 2):
        seen = {(kind[i], kind[j]) for kind in [*made, *added]}
        for a, b in product(FIELDS[i], FIELDS[j]):
            if (a, b) not in seen:
                others = [next(islice(cycle(field), len(added), None)) for field in FIELDS]
                others[i], others[j] = a, b
                added.append(Kind(*others))  # type: ignore[arg-type]
    return added


# Beside a target on the CPU only a model of its own can be on the device.
KINDS = [
    kind
    for kind in covering()
    if kinds.possible(kind.drafter, kind.family) and (kind.place.target != "cpu" or kind.drafter == "small_model")
]


def test_every_two_values_of_a_kind_meet() -> None:
    for i, j in combinations(range(len(FIELDS)), 2):
        met = {(kind[i], kind[j]) for kind in covering()}
        assert met == set(product(FIELDS[i], FIELDS[j]))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_host_waits_once_a_round_and_where_it_says_so(kind: Kind, watch: Watch) -> None:
    made = decoded(kind, watch)
    assert not watch.unmarked
    assert not watch.uploads
    assert not watch.faults
    assert sum(made.round_waits.values()) == (made.n_drafted if kind.place.target == "cpu" else made.n_rounds)
    assert sum(made.prefill_waits.values()) <= 1


@pytest.mark.parametrize(
    ("drafter", "family"),
    [pair for pair in product(DRAFTERS, ["qwen3", "gemma3_text"]) if kinds.possible(*pair)],
)
@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("warp", [WARPS[0], WARPS[-1]], ids=["greedy", "sampled"])
def test_the_text_in_float32_is_that_of_the_cpu(
    drafter: str, runtime: str, warp: kinds.Warp, family: str, watch: Watch
) -> None:
    kind = Kind(drafter, warp, runtime, family, torch.float32, ONE_GPU)  # type: ignore[arg-type]
    assert decoded(kind, watch, n_new=8, gamma=3).ids == on_cpu(kind, n_new=8, gamma=3)


# A gate is trained for one pair; the waits of its runs are stated in their own tests.
DECODING = [name for name, spec in methods.discover().items() if spec.workspace == "decode" and name != "sprinter"]


@pytest.mark.parametrize("name", DECODING)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_method_that_decodes_waits_where_it_says_so(
    name: str, runtime: kinds.RuntimeChoice, watch: Watch
) -> None:
    spec = methods.find(name)
    wanted: dict[str, Setting] = {"max_new_tokens": 6, "gamma": 2, "repeats": 1, "stop_at_end": False}
    config = make_config(spec.config, {key: wanted[key] for key in wanted if key in spec.config.__struct_fields__})
    with watch.on():
        rt = kinds.run_context(Kind("small_model", WARPS[0], runtime, "llama", torch.bfloat16, ONE_GPU), watch)
        watch.clear()
        *_, last = spec.run(config, Request("", prompt_ids=PROMPT), rt)
    assert isinstance(last, RunFinished)
    assert not (watch.unmarked or watch.uploads or watch.faults)
