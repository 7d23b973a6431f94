"""How many tokens a training step computes at once: their logits take most of its memory.

* imports neither Qt nor torch."""

BATCH_BYTES = 1 << 30
# Logits of both models, their log-probabilities, the divergence and the gradients of these, in float32.
LOGIT_COPIES = 8


def most_tokens(n_vocabulary: int) -> int:
    """The tokens of which all copies of the logits fit."""
    return BATCH_BYTES // (n_vocabulary * 4 * LOGIT_COPIES)


def most_tokens_in_parts(n_vocabulary: int) -> int:
    """The tokens of which the target's logits fit, where all other copies are made for some of them at a time."""
    return BATCH_BYTES // (n_vocabulary * 4)
