"""Models of a hub: looked up, downloaded, listed and removed, only when asked. Everything else stays offline."""
