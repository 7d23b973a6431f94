"""Built-in models and example prompts; no code."""
