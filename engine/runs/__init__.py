"""What is kept of a run: its trace, its summary, its folder."""
