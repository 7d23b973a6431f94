"""Timing pairs: models of random weights in the shapes of known ones, to be timed and not to be read."""
