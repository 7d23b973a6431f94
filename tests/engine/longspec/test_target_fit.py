"""Which targets a LongSpec drafter can read, and the reason where it cannot."""

import pytest
import torch

from engine.longspec import target_fit
from tests import fakes

SLIDING = ["full_attention", "sliding_attention"]
LONG = {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}}


@pytest.mark.parametrize(
    ("family", "changes", "reason"),
    [
        ("llama", {}, ""),
        ("llama", {"sliding_window": 4}, ""),  # which its modules ignore
        ("granite", {}, ""),
        ("qwen3", {}, ""),
        ("mistral", {}, ""),
        ("mistral-sliding", {}, "its last layer attends to the last 12 tokens only"),
        ("mistral-sliding", {"sliding_window": fakes.CONTEXT}, ""),
        ("gemma2", {"layer_types": SLIDING}, "its last layer attends to the last 12 tokens only"),
        ("gemma2", {"layer_types": SLIDING[::-1]}, ""),
        ("gemma3_text", {"layer_types": SLIDING}, "its last layer attends to the last 12 tokens only"),
        ("gpt2", {}, "it has no rotary positions"),
        ("gpt_neox", {}, "only part of each head is turned"),
        ("llama", LONG, "its rope scaling (dynamic) changes with the length"),
        ("smollm3", {"no_rope_layers": [1, 0]}, "its last layer does not turn its keys by their positions"),
    ],
)
def test_a_target_without_a_full_last_layer_is_refused(family: str, changes: dict[str, object], reason: str) -> None:
    why = target_fit.why_not(fakes.config(family, **changes))
    assert bool(why) == bool(reason)
    assert why.startswith(reason)


def test_a_target_that_turns_neighbours_is_refused() -> None:
    assert target_fit.why_not_model(fakes.model("llama")) == ""
    assert "neighbouring" in target_fit.why_not_model(fakes.model("cohere"))


def test_the_rope_is_that_of_the_last_layer() -> None:
    model = fakes.model("gemma3_text", layer_types=SLIDING[::-1])
    rope = target_fit.rope_of(model)
    base = model.config.rope_parameters["full_attention"]["rope_theta"]
    torch.testing.assert_close(rope.inverse_frequencies[1], torch.tensor(base ** (-2 / 8)))
