"""From a SPEC to a model in memory: folders, checks, weights, devices, estimates."""
