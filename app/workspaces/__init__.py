"""Workspaces, one file a tab: which panels, where, wired how."""
