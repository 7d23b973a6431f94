"""What a gate can do: its figures on held-out documents, at a threshold that is dragged."""
