"""Panels, one file each; they draw what the store holds and never talk to each other."""
