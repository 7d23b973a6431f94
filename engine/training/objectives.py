"""What a model is trained to lower; pure functions of logits."""

import torch
from torch import Tensor
from torch.nn import functional


def next_token_loss(logits: Tensor, ids: Tensor) -> Tensor:
    """Mean cross-entropy of the next token, in nats.

    logits: [B, T, V]; ids: [B, T]. Position t predicts ids[:, t + 1]."""
    return functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), ids[:, 1:].flatten())


def forward_kl(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Mean KL(teacher || student) over positions, in nats.

    Both [B, T, V]. Minimising it bounds the total variation 1 - alpha (Pinsker's inequality)."""
    student = functional.log_softmax(student_logits.float(), dim=-1)
    teacher = functional.log_softmax(teacher_logits.float(), dim=-1)
    return functional.kl_div(student, teacher, log_target=True, reduction="none").sum(-1).mean()


def overlap(student_logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Mean acceptance probability sum(min(p, q)) over positions at temperature 1.

    Source: arXiv:2211.17192, theorem 3.5."""
    student, teacher = student_logits.float().softmax(-1), teacher_logits.float().softmax(-1)
    return torch.minimum(student, teacher).sum(-1).mean()
