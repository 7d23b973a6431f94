"""State behind the window: runs, queued commands, the link to the engine; contains no widgets."""
