"""Root-mean-square norm, in as few operations as each device allows."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Norm(NamedTuple):
    """x -> x / sqrt(mean(x^2) + epsilon) * weight, over a last dimension [d].

    weight: in the type of x, or in float32 where the product is rounded only once, as in Gemma 3.
    scaled: weight times sqrt(d); floor: sqrt(d * epsilon), a scalar."""

    weight: Tensor
    epsilon: float
    scaled: Tensor
    floor: Tensor


def norm_of(weight: Tensor, epsilon: float) -> Norm:
    """The norm with these weights [d]."""
    d = weight.shape[0]
    return Norm(weight, epsilon, weight * d**0.5, weight.new_full((), (d * epsilon) ** 0.5))


def normed(x: Tensor, norm: Norm) -> Tensor:
    """Normalise x, [..., d], into a new tensor."""
    if x.dtype != norm.weight.dtype:
        return functional.rms_norm(x.float(), norm.weight.shape, norm.weight, norm.epsilon).to(x.dtype)
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return functional.rms_norm(x, norm.weight.shape, norm.weight, norm.epsilon)
    # On a CPU, rms_norm is a chain of ten small operations. sqrt(sum(x^2) + d * epsilon) is a hypotenuse.
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x.div(torch.hypot(length, norm.floor)).mul_(norm.scaled)


def norm_into(out: Tensor, x: Tensor, norm: Norm, length: Tensor) -> None:
    """Write x [..., d], normalised, to `out` of its shape, which may be x; length [..., 1] is scratch memory.

    For float32 on a CPU: what `normed` does there, without a new tensor. norm.scaled may be one row a vector."""
    torch.linalg.vector_norm(x, dim=-1, keepdim=True, out=length)
    torch.div(x, torch.hypot(length, norm.floor, out=length), out=out)
    out.mul_(norm.scaled)
