"""Measurements: ours against peers in one process, and proofs on any pair; knows nothing of who asked."""
