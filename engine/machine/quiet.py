"""Keeps libraries from writing to the terminal; progress is reported as events.

* imports neither Qt nor torch."""

import logging
import os

# torchao, if installed, is imported along with transformers and warns about kernels for other machines.
_CHATTY = ("sentence_transformers", "torchao", "torch.utils._pytree")


def quiet_logs() -> None:
    """Let libraries log only errors while they are imported; call it before they are."""
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    # LanceDB reads this once, at import; without it, it warns on stderr that a table it creates does not exist yet.
    os.environ.setdefault("LANCEDB_LOG", "error")


def quiet_libraries() -> None:
    """Switch off progress bars and warnings of the model libraries; call it once where models are first used."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    quiet_logs()
