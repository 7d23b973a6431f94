"""What is said of quantities, models, runs and events."""
