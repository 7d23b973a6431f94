"""Root-mean-square norm in as few operations as a device takes for it; knows no models."""

import torch
from torch import Tensor
from torch.nn import functional


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """x / sqrt(mean(x^2) + epsilon) * weight over the last dimension [d] of x."""
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return functional.rms_norm(x, weight.shape, weight, epsilon)
    # On a CPU the library's is a chain of ten small operations; this is six.
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return (x * norm.square_().mul_(1.0 / x.shape[-1]).add_(epsilon).rsqrt_()).mul_(weight)
