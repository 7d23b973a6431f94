"""The setup: models, method, memory."""
