"""What is kept of a run: its trace and its summary."""
