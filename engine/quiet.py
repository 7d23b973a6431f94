"""Keeps libraries from writing to the terminal on their own; progress is stated as events."""

import logging

from transformers.utils import logging as transformers_logging


def quiet_libraries() -> None:
    """Switch off progress bars and warnings of the model libraries; called once where models are first used."""
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
