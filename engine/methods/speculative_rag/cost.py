"""Predicts each system's time from the tokens it read and wrote, at costs per token measured in the same run.

If possible, a token's cost is measured in a system other than the predicted one; otherwise the prediction would be
circular. The formula is the article's, corrected: m drafts of one subset each, the verifier's reading, and every token
that is written. It leaves out clustering, which shows as a difference from the measured time."""

from collections.abc import Sequence

from engine.events.answers import CostPredicted, CostTerm, System
from engine.rag.values import DraftBatch, Standard, Verification


def costs(
    batches: Sequence[DraftBatch], verifications: Sequence[Verification], plain: Standard, measured: dict[System, float]
) -> list[CostPredicted]:
    """Predict the times of Speculative RAG and standard RAG; no predictions if no draft was scored."""
    n_verified = sum(verification.n_read for verification in verifications)
    if not n_verified:
        return []
    n_prompt = len(plain.prompt.encoded.ids)
    draft_terms = [
        CostTerm("drafter reads", sum(batch.n_read for batch in batches), _ms_per_token_read(batches)),
        CostTerm(
            "drafter writes, a round of all drafts", sum(batch.n_rounds for batch in batches), _ms_per_round(batches)
        ),
    ]
    verify_term = CostTerm("target verifies", n_verified, plain.prefill_ms / n_prompt)
    verify_ms = sum(verification.ms for verification in verifications)
    read_term = CostTerm("target reads", n_prompt, verify_ms / n_verified)
    write_term = CostTerm("target writes", plain.n_rounds, plain.decode_ms / max(1, plain.n_rounds))
    return [
        _prediction("speculative_rag", [*draft_terms, verify_term], measured["speculative_rag"]),
        _prediction("standard_rag", [read_term, write_term], measured["standard_rag"]),
    ]


def _ms_per_token_read(batches: Sequence[DraftBatch]) -> float:
    return sum(batch.prefill_ms for batch in batches) / max(1, sum(batch.n_read for batch in batches))


def _ms_per_round(batches: Sequence[DraftBatch]) -> float:
    return sum(batch.decode_ms for batch in batches) / max(1, sum(batch.n_rounds for batch in batches))


def _prediction(system: System, terms: Sequence[CostTerm], measured_ms: float) -> CostPredicted:
    return CostPredicted(system, tuple(terms), sum(term.n_tokens * term.ms_per_token for term in terms), measured_ms)
