"""Draft-and-verify language-model inference, reported as typed events; knows nothing of Qt."""
