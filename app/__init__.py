"""The window; imports Qt, never torch."""
