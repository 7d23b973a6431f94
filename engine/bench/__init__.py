"""Measures our engine against peers in one process, and checks losslessness on any pair."""
