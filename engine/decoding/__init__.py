"""The algorithm: sample, draft, verify, accept, and the cache that forgets what was rejected."""
