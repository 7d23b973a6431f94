"""Plots of the Decode workspace, all on one round axis, one file each."""
