"""Adapts to this computer: paths, threads, versions, memory errors, quiet libraries."""
