"""Compares drafters, methods and settings over the same prompts, chooses among them, and predicts others."""
