"""Holds the loaded models, and executes each command on them."""
