"""The objectives that training minimises, as pure functions of logits."""

import torch
from torch import Tensor
from torch.nn import functional

from engine.training.rows import TrainingBatch


def next_token_loss(logits: Tensor, batch: TrainingBatch) -> Tensor:
    """Weighted mean cross-entropy of the next token, in nats.

    logits: [B, T, V]. Position t predicts ids[:, t + 1] and counts with weights[:, t + 1]."""
    losses = functional.cross_entropy(
        logits[:, :-1].float().flatten(0, 1), batch.ids[:, 1:].flatten(), reduction="none"
    )  # fmt: skip
    return weighted_mean(losses, batch.weights[:, 1:].flatten())


def forward_kl(student_logits: Tensor, teacher_logits: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean KL(teacher || student) over positions, in nats.

    logits: both [B, T, V]; weights: [B, T]. Minimising it bounds the total variation 1 - alpha (Pinsker)."""
    student = functional.log_softmax(student_logits.float(), dim=-1)
    teacher = functional.log_softmax(teacher_logits.float(), dim=-1)
    divergence = functional.kl_div(student, teacher, log_target=True, reduction="none").sum(-1)
    return weighted_mean(divergence.flatten(), weights.flatten())


def reverse_kl(student_logits: Tensor, teacher_logits: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean KL(student || teacher) over positions, in nats: the student keeps to what the teacher finds likely.

    logits: both [B, T, V]; weights: [B, T]."""
    return forward_kl(teacher_logits, student_logits, weights)


def total_variation(student_logits: Tensor, teacher_logits: Tensor, weights: Tensor) -> Tensor:
    """Weighted mean total variation over positions, which is 1 - alpha at temperature 1.

    logits: both [B, T, V]; weights: [B, T]. Source: arXiv:2211.17192, corollary 3.6."""
    student, teacher = student_logits.float().softmax(-1), teacher_logits.float().softmax(-1)
    return weighted_mean(0.5 * (student - teacher).abs().sum(-1).flatten(), weights.flatten())


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean of values [N] weighted by weights [N]; 0 if every weight is 0."""
    return (values * weights).sum() / weights.sum().clamp_min(torch.finfo(weights.dtype).tiny)
