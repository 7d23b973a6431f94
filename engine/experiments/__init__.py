"""Compares lanes over sets of prompts, and says what the figures mean."""
