"""Several sequences decoded or scored together."""
