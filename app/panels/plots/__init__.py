"""Plots of the Decode workspace, one file each."""
