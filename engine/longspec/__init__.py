"""The LongSpec drafter: its block, its ring of keys and values, its files, and the targets it fits."""
