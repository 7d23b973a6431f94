"""Turns a SPEC into a model in memory: folders, checks, weights, devices, estimates."""
