"""Decodes with a pair on the stand-in of a GPU, and says what the host waited for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from engine.decoding.generation import whole
from engine.decoding.generation_rules import NO_RULES, GenerationRules
from engine.decoding.sampling import Warp
from engine.fast.graphs import Graphs
from engine.models.generation_config import ReadGenerationConfig
from engine.runtime import RunContext
from engine.settings import GenerationConfig
from tests.fake_cuda import kinds
from tests.fake_cuda.kinds import Kind
from tests.fake_cuda.watch import Watch

PROMPT = (5, 9, 2, 11, 3, 5, 9, 2)
GAMMA = 2


class Decoded(NamedTuple):
    """What was made, in how many rounds, with how many of a draft, and by line how often the host waited for prompt and
    rounds."""

    ids: tuple[int, ...]
    n_rounds: int
    n_drafted: int
    prefill_waits: dict[str, int]
    round_waits: dict[str, int]


def settings(warp: Warp, *, n_new: int) -> GenerationConfig:
    """A generation of so many tokens."""
    return GenerationConfig(
        temperature=warp.temperature, top_k=warp.top_k, top_p=warp.top_p, min_p=warp.min_p, max_new_tokens=n_new,
        stop_at_end=False,
    )  # fmt: skip


def ruled(rt: RunContext, rules: GenerationRules) -> RunContext:
    """The same run with a target whose generation config asks for these rules."""
    rt.target = rt.target._replace(generation=ReadGenerationConfig(rules))
    return rt


def decoded(
    kind: Kind, watch: Watch, *, n_new: int = 5, gamma: int = GAMMA, widths: tuple[int, ...] = (),
    rules: GenerationRules = NO_RULES,
) -> Decoded:  # fmt: skip
    """One generation by a pair of this kind."""
    with watch.on():
        rt = ruled(kinds.run_context(kind, watch), rules)
        watch.clear()
        gamma = (len(widths) or gamma) if rt.drafter is not None else 0
        items = rt.generate(settings(kind.warp, n_new=n_new), PROMPT, gamma=gamma, widths=widths)
        next(items)
        prefill_waits = dict(watch.waits)
        watch.waits.clear()
        rounds, made = whole(items)
    n_drafted = sum(bool(one.proposed) for one in rounds)
    return Decoded(made.ids, len(rounds), n_drafted, prefill_waits, dict(watch.waits))


@contextmanager
def repeats(watch: Watch, patch: pytest.MonkeyPatch) -> Iterator[list[list[list[tuple[object, ...]]]]]:
    """The operations of every call of each work that is captured: a list of calls for each work."""
    works: list[list[list[tuple[object, ...]]]] = []
    repeated = Graphs.repeated

    def noted(self: Graphs, work: Callable[[], Tensor]) -> Callable[[], Tensor]:
        calls: list[list[tuple[object, ...]]] = []
        works.append(calls)

        def again() -> Tensor:
            n = len(watch.ops)
            made = work()
            calls.append(watch.ops[n:])
            return made

        return repeated(self, again)

    with patch.context() as inner:
        inner.setattr(Graphs, "repeated", noted)
        yield works


def on_cpu(
    kind: Kind, *, n_new: int = 9, gamma: int = GAMMA, widths: tuple[int, ...] = (), rules: GenerationRules = NO_RULES
) -> tuple[int, ...]:
    """What the same pair makes on a CPU, in float32."""
    with torch.inference_mode():
        rt = ruled(kinds.run_context(kind._replace(place=kinds.Place("cpu", "cpu"), dtype=torch.float32), None), rules)
        gamma = (len(widths) or gamma) if rt.drafter is not None else 0
        _, made = whole(rt.generate(settings(kind.warp, n_new=n_new), PROMPT, gamma=gamma, widths=widths))
    return made.ids
