"""What the fused forward does not compute exactly is left to the modules, and the reason is said."""

from pathlib import Path

import pytest

from engine.commands import Estimate, Load
from engine.decoding.cached_model import CachedModel
from engine.errors import InputError, ModelError
from engine.events import ModelLoaded
from engine.fast.families import why_not
from engine.fast.model import FusedModel
from engine.session.session import Session
from tests import fakes

_DYNAMIC = {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}
_LONG = {
    "rope_type": "longrope", "rope_theta": 1e4, "factor": 2.0, "original_max_position_embeddings": 64,
    "short_factor": [1.0] * 4, "long_factor": [2.0] * 4,
}  # fmt: skip
UNSUPPORTED: dict[str, tuple[str, dict[str, object], str]] = {
    "another activation": ("llama", {"hidden_act": "gelu"}, "activation is gelu"),
    "dynamic rope": ("llama", {"rope_parameters": _DYNAMIC}, "rope scaling (dynamic)"),
    "longrope": ("llama", {"rope_parameters": _LONG}, "rope scaling (longrope)"),
    "partly turned heads": (
        "llama",
        {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}},
        "only part of each head",
    ),
    "gpt2": ("gpt2", {}, "gpt2 models have no fused forward"),
    "gemma2": ("gemma2", {}, "gemma2 models"),
    "olmo2": ("olmo2", {}, "olmo2 models"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_reason_is_said_for_what_is_not_computed(name: str) -> None:
    family, changes, reason = UNSUPPORTED[name]
    assert reason in why_not(fakes.config(family, **changes))


def loaded(target: str, drafter: str, runtime: str) -> tuple[Session, ModelLoaded]:
    session = Session()
    *_, event = session.do(Load(target, drafter, runtime=runtime))
    assert isinstance(event, ModelLoaded)
    return session, event


def test_runtime_is_chosen_by_family_said_and_overridable(tmp_path: Path) -> None:
    ours = fakes.save(fakes.model("qwen3"), tmp_path / "qwen3")
    theirs = fakes.save(fakes.model("gemma2"), tmp_path / "gemma2")
    session, event = loaded(ours, theirs, "auto")
    assert (event.runtime, event.why_modules) == ("fused", "")
    assert (event.drafter_runtime, event.why_drafter_modules) == ("modules", "gemma2 models have no fused forward")
    assert session.models is not None
    assert session.models.drafter is not None
    assert isinstance(session.models.target.sequence(), FusedModel)
    assert isinstance(session.models.drafter.sequence(), CachedModel)
    assert loaded(ours, "none", "fused-eager")[1].runtime == "fused"
    session, event = loaded(ours, "lookup", "modules")
    assert (event.runtime, event.why_modules, event.drafter_runtime) == ("modules", "asked for", None)
    assert session.target is not None
    assert isinstance(session.target.sequence(), CachedModel)


def test_asking_for_what_there_is_not_is_refused_with_the_reason_before_loading(tmp_path: Path) -> None:
    theirs = fakes.save(fakes.model("gpt2"), tmp_path / "gpt2")
    with pytest.raises(ModelError, match="no fused runtime: gpt2 models"):
        list(Session().do(Load(theirs, "none", runtime="fused")))
    with pytest.raises(InputError, match="unknown runtime 'quick'"):
        list(Session().do(Load(theirs, "none", runtime="quick")))
    (event,) = Session().do(Estimate(Load(theirs, "none", runtime="fused")))
    assert "no fused runtime" in event.why_not  # type: ignore[attr-defined]
