"""Keeps libraries from writing to the terminal on their own; progress is stated as events."""

from transformers.utils import logging


def quiet_libraries() -> None:
    """Switch off transformers' progress bars and warnings; called once where models are first used."""
    logging.disable_progress_bar()
    logging.set_verbosity_error()
