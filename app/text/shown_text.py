"""Makes foreign text safe for display; the engine's reports show it in the same way."""

from engine.reports.shown_text import LONGEST, visible

__all__ = ["LONGEST", "visible"]
