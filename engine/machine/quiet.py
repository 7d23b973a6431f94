"""Keeps libraries from writing to the terminal on their own; progress is stated as events.

* imports neither Qt nor torch."""

import logging
import os

# torchao, where it is installed, is imported along with transformers and complains of kernels for other machines.
_CHATTY = ("sentence_transformers", "torchao", "torch.utils._pytree")


def quiet_logs() -> None:
    """Let only errors through of what libraries log while they are imported; to be called before they are."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    # LanceDB reads it once, when it is imported, and otherwise warns on stderr that a table it makes is not there yet.
    os.environ.setdefault("LANCEDB_LOG", "error")


def quiet_libraries() -> None:
    """Switch off progress bars and warnings of the model libraries; called once where models are first used."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    quiet_logs()
