"""Speculative decoding of one sequence: sample, draft, verify, accept, and roll back the cache."""
