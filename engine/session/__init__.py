"""What is loaded, and how each command runs on it."""
