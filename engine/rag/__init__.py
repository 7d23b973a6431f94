"""Answers from passages: what the answering methods share."""
