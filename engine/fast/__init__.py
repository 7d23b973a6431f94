"""The fused forward: leaner than transformers' modules, behind the same interface."""
