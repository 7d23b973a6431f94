"""Pairs of different tokenizers: what tokens spell, which are shared, and drafts that pass through text."""
