"""Gives memory back to the system."""

import gc
import threading

import torch


def release_memory() -> None:
    """Give memory back to the system as far as torch allows.

    With a window the engine has its own thread, and collecting garbage there could delete the window's objects on the
    wrong thread: the window collects on its own."""
    if threading.current_thread() is threading.main_thread():
        gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
