"""The desktop window; imports Qt, never torch."""
