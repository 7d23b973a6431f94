"""What the cost formula makes of the tokens that each system read and wrote, at coefficients measured in the same run.

Where a token's cost can be measured in another system than the one predicted, it is: only then does it say anything.
The article's formula, corrected: m drafts of one subset each, the verifier's reading, and every token that is written.
It leaves clustering out; the difference from what was measured shows that."""

from collections.abc import Sequence

from engine.events.answers import CostPredicted, CostTerm, System
from engine.rag.values import DraftBatch, Standard, Verification


def costs(
    batches: Sequence[DraftBatch], verifications: Sequence[Verification], plain: Standard, measured: dict[System, float]
) -> list[CostPredicted]:
    """The predictions for Speculative RAG and for standard RAG; nothing where no draft was scored."""
    n_verified = sum(one.n_read for one in verifications)
    if not n_verified:
        return []
    n_given = len(plain.prompt.encoded.ids)
    drafted = [
        CostTerm("drafter reads", sum(one.n_read for one in batches), _drafter_read(batches)),
        CostTerm("drafter writes, a round of all drafts", sum(one.n_rounds for one in batches), _round(batches)),
    ]
    verified = CostTerm("target verifies", n_verified, plain.prefill_ms / n_given)
    read = CostTerm("target reads", n_given, sum(one.ms for one in verifications) / n_verified)
    wrote = CostTerm("target writes", plain.n_rounds, plain.decode_ms / max(1, plain.n_rounds))
    return [
        _predicted("speculative_rag", [*drafted, verified], measured["speculative_rag"]),
        _predicted("standard_rag", [read, wrote], measured["standard_rag"]),
    ]


def _drafter_read(batches: Sequence[DraftBatch]) -> float:
    return sum(one.prefill_ms for one in batches) / max(1, sum(one.n_read for one in batches))


def _round(batches: Sequence[DraftBatch]) -> float:
    return sum(one.decode_ms for one in batches) / max(1, sum(one.n_rounds for one in batches))


def _predicted(system: System, terms: Sequence[CostTerm], measured_ms: float) -> CostPredicted:
    return CostPredicted(system, tuple(terms), sum(t.n_tokens * t.ms_per_token for t in terms), measured_ms)
