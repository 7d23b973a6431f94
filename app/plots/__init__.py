"""Parts shared by all plots: panel, canvas, axes, curves, export."""
