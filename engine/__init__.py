"""Runs draft-and-verify language-model inference and reports it as typed events; independent of Qt."""
