"""Timed blocks over pairs, contexts, draft lengths and batch sizes."""
