"""A gate beside a drafter that decides when the target is asked: its files, its drafter, its verifier, its theory."""
