"""Which vectors passages are clustered by: named, or chosen by what this machine measures."""

import msgspec
import pytest
import torch

from engine.events.answers import Partitioned
from engine.methods.speculative_rag import conditioning
from engine.rag.memo import EncodingCost, model_key
from tests.engine.methods.speculative_rag.test_answering import CONFIG, ask, context, of

AUTO = msgspec.structs.replace(CONFIG, conditioning="auto")


@pytest.mark.parametrize("named", ["encoded", "stored"])
def test_a_named_way_is_used_without_measuring(named: str) -> None:
    at = context()
    config = msgspec.structs.replace(CONFIG, conditioning=named)
    assert conditioning.choose("Who?", (), config, at) == (named, "")
    assert len(at.memo.encoding_costs) == 0


@pytest.mark.parametrize(("ms_per_passage", "chosen"), [(0.001, "anew"), (900.0, "stored")])
def test_encoding_anew_is_used_where_it_takes_little_of_the_time_to_read(ms_per_passage: float, chosen: str) -> None:
    at = context()
    key = (at.library.description.fingerprint, model_key(at.rt.target))
    at.memo.encoding_costs.put(key, EncodingCost(ms_per_passage, 1.0))
    told, _ = ask(at, conditioning="auto", baselines="none")
    (partitioned,) = of(told, Partitioned)
    assert isinstance(partitioned, Partitioned)
    assert partitioned.conditioned.startswith("not on the question") == (chosen == "stored")
    assert "on this machine" in partitioned.conditioned


def test_both_times_are_measured_once() -> None:
    at = context()
    ask(at, conditioning="auto", baselines="none")
    ask(at, "Who else?", conditioning="auto", baselines="none")
    assert len(at.memo.encoding_costs) == 1
    cost = at.memo.encoding_costs.get((at.library.description.fingerprint, model_key(at.rt.target)))
    assert cost is not None and cost.read_ms_per_token > 0 and cost.ms_per_passage >= 0


@torch.inference_mode()
def test_a_passage_that_no_token_stands_for_can_be_timed() -> None:
    assert conditioning._ids("", context().rt.target) == (0,)
