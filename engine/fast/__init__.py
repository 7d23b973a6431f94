"""A forward leaner than transformers' modules, behind the same interface."""
