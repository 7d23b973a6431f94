"""Measures the window: frames, stalls, what drawing costs the engine, memory, first paint."""
