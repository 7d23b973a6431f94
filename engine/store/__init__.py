"""Keeps every run: an index in SQLite of the folders with traces, which can be built again from them at any time."""
