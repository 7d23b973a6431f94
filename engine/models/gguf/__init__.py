"""GGUF files as models: read, checked, and converted once into safetensors."""
