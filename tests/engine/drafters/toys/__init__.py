"""Drafters that exist for the tests: each one file, put on the path of `engine.drafters` and found there."""
