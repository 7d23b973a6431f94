"""Makes foreign text safe to show."""
