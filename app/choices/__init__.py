"""Choices offered to the user: examples, presets, recent folders."""
