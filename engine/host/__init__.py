"""Runs the engine: on a thread of this program, or in its own process."""
