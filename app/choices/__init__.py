"""What may be chosen: examples, presets, recent folders."""
