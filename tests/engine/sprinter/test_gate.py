"""A gate's features and its two forms, on tensors and on the host."""

import pytest
import torch

from engine.fast import compiled_loops
from engine.sprinter.cards import GateShape
from engine.sprinter.gate import Q_ALONE, Gate, empty_weights, features
from engine.sprinter.host_gate import HostGate
from tests.engine.sprinter import gates

STATES = torch.randn(3, 32, generator=torch.Generator().manual_seed(5))
ROWS = torch.randn(3, 10, generator=torch.Generator().manual_seed(6)).softmax(-1)
TOKENS = torch.tensor([1, 4, 7])
DRAWN = ROWS.gather(1, TOKENS[:, None])[:, 0]


def test_a_linear_gate_has_one_number_for_each_it_reads_and_a_bias() -> None:
    assert GateShape(768, ("hidden",)).n_parameters == 769  # as the paper's
    assert GateShape(96).n_parameters == 98
    assert GateShape(8, ("hidden", "log_q", "embedding"), hidden=4).n_parameters == 4 * 18 + 5


@pytest.mark.parametrize("greedy", [False, True])
def test_the_host_computes_what_the_tensors_do(greedy: bool) -> None:
    gate = gates.linear(bias=0.3)
    expected = gate.probability(features(gate.shape, STATES, DRAWN, TOKENS))
    on_host = HostGate.of(gate)
    assert on_host is not None
    rows = ROWS.log() if greedy else ROWS
    found = [on_host.probability(STATES[i], rows[i], int(TOKENS[i]), greedy=greedy) for i in range(3)]
    assert found == pytest.approx(expected.tolist(), abs=1e-5)


def test_q_alone_passes_on_the_drafters_probability() -> None:
    read = features(Q_ALONE.shape, STATES[:, :0], DRAWN, TOKENS)
    assert Q_ALONE.probability(read).tolist() == pytest.approx(DRAWN.tolist(), abs=1e-6)
    on_host = HostGate.of(Q_ALONE)
    assert on_host is not None
    assert on_host.probability(None, ROWS[0], 1, greedy=False) == pytest.approx(float(DRAWN[0]), abs=1e-6)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("gate", [gates.linear(bias=0.3), Q_ALONE])
def test_token_and_gate_are_found_at_once(gate: Gate, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        monkeypatch.setattr(compiled_loops, "kernels", lambda: None)
    on_host = HostGate.of(gate)
    assert on_host is not None
    for i, row in enumerate(ROWS.log()):
        choice = on_host.choice(STATES[None, : i + 1], row)
        best = row.argmax().view(1)
        states = STATES[i : i + 1] if gate.weights is not None else STATES[i : i + 1, :0]
        expected = gate.probability(features(gate.shape, states, row.softmax(-1)[best], best))
        assert choice.token == int(best)
        assert choice.probability == pytest.approx(float(expected), abs=1e-5)


def test_a_gate_with_a_hidden_layer_or_embeddings_stays_on_tensors() -> None:
    shape = GateShape(32, ("hidden", "log_q", "embedding"), hidden=8)
    gate = Gate(shape, empty_weights(shape))
    assert HostGate.of(gate) is None
    table = torch.randn(10, 32)
    assert gate.probability(features(shape, STATES, DRAWN, TOKENS, lambda ids: table[ids])).tolist() == [0.5] * 3


def test_a_state_of_any_length_means_the_same() -> None:
    shape = GateShape(32, ("hidden",))
    assert torch.allclose(features(shape, STATES, DRAWN, TOKENS), features(shape, 7 * STATES, DRAWN, TOKENS), atol=1e-4)
