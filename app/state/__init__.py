"""What the window knows: runs, commands, the engine; no widget."""
