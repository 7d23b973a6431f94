"""Decodes and scores several sequences together."""
