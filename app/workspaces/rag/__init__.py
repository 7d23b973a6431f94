"""The RAG tab."""
