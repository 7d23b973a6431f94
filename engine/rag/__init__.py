"""Answers from passages: drafts, scores, baselines; knows neither how passages are stored nor any window."""
