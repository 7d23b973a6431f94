"""What is asked of measured and recorded runs: comparisons, draft lengths, and what another setting would bring."""
