"""Policies that choose how many tokens the next round drafts; see README.md."""
