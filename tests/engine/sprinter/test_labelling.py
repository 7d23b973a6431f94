"""The text that a gate learns from: drafted tokens while q <= p, then the target's own."""

import pytest
import torch

from engine.decoding.drafting import Draft, chain
from engine.decoding.sampling import Warp
from engine.decoding.verifying import VerifyContext
from engine.sprinter.labelling import HardLabelVerifier, hard_labels

P = torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.3, 0.4, 0.3]])
Q = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.7, 0.2]])


def test_a_label_is_whether_q_is_at_most_p() -> None:
    assert hard_labels(P[:2], Q, torch.tensor([0, 1])).tolist() == [True, False]
    assert hard_labels(P[:2], Q, torch.tensor([1, 2])).tolist() == [True, True]


@pytest.mark.parametrize(("tokens", "expected"), [([0, 1], (1, 2)), ([2, 2], (0, 0)), ([0, 2], (2, 1))])
def test_the_first_token_above_p_is_replaced_by_the_targets_first_choice(
    tokens: list[int], expected: tuple[int, int]
) -> None:
    draft = Draft(torch.tensor(tokens), chain(2, torch.device("cpu")), None, Q)
    u = torch.zeros(2, dtype=torch.float64)
    acceptance, _, _ = HardLabelVerifier().verify(VerifyContext(lambda _: P.log(), Warp(), u, u[0]), draft)
    assert (int(acceptance.n_accepted), int(acceptance.last_id)) == expected
