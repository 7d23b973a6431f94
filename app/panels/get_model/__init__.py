"""The dialog that gets models from a hub, and shows which pairs fit and what is cached."""
