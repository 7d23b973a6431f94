"""Widgets that are independent of runs."""
