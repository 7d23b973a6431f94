"""Foreign text made safe to show."""
