"""The attentions over whole texts are those of a mask, with a gradient, and without building that mask."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.longspec.whole_text import lagged, windowed


def masked(queries: Tensor, keys: Tensor, values: Tensor, visible: Tensor) -> Tensor:
    """Attention by a whole mask [T, T]."""
    by_head = [states.transpose(1, 2) for states in (queries, keys, values)]
    return functional.scaled_dot_product_attention(*by_head, attn_mask=visible, enable_gqa=True).transpose(1, 2)


def random_states(length: int) -> list[Tensor]:
    torch.manual_seed(length)
    return [torch.randn(2, length, n_heads, 8, requires_grad=True) for n_heads in (4, 2, 2)]


@pytest.mark.parametrize("length", [1, 6, 7, 8, 12, 18, 31])
def test_each_position_sees_itself_and_its_window(length: int) -> None:
    states = random_states(length)
    age = torch.arange(length)[:, None] - torch.arange(length)
    expected = masked(*states, (age >= 0) & (age <= 6))
    mixed = windowed(6)(*states)
    torch.testing.assert_close(mixed, expected)
    ours, theirs = (torch.autograd.grad(out.square().sum(), states) for out in (mixed, expected))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("lag", [1, 3, 4])
def test_position_t_sees_the_targets_keys_up_to_t_minus_the_lag(lag: int) -> None:
    queries, keys, values = random_states(9)
    mixed = lagged(keys, values, lag)(queries)
    assert mixed is not None
    assert not mixed[:, :lag].any()
    age = torch.arange(9)[:, None] - torch.arange(9)
    expected = masked(queries, keys, values, age >= lag)
    torch.testing.assert_close(mixed[:, lag:], expected[:, lag:])


def test_a_text_no_longer_than_the_lag_sees_none_of_them() -> None:
    queries, keys, values = random_states(3)
    assert lagged(keys, values, 3)(queries) is None


def test_nothing_as_large_as_the_square_of_the_length_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    masks = []
    attention = functional.scaled_dot_product_attention

    def noted(*states: Tensor, **named: Tensor) -> Tensor:
        masks.append(named["attn_mask"].numel())
        return attention(*states, **named)

    monkeypatch.setattr(functional, "scaled_dot_product_attention", noted)
    windowed(16)(*(states.detach() for states in random_states(640)))
    assert masks == [2 * 640 * 2 * 16]
