"""Wording for quantities, models, runs and events."""
