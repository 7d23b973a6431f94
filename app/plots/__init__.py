"""What every plot is made of: panel, canvas, axes, export."""
