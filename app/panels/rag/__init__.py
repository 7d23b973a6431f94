"""Panels of the RAG tab, one file a panel."""
