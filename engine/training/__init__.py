"""Training: tokenizer, objectives, loop, checkpoints and the built-in models."""
