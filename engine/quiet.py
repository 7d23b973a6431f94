"""Keeps libraries from writing to the terminal on their own; progress is stated as events."""

import logging

# Said while transformers imports them: kernels for other devices, deprecations that torchao answers for.
_SAY_AT_IMPORT = ("torchao", "torch.utils._pytree")


def quiet_imports() -> None:
    """Switch off what libraries say while they are imported; called before the first of them is."""
    for name in _SAY_AT_IMPORT:
        logging.getLogger(name).setLevel(logging.ERROR)


def quiet_libraries() -> None:
    """Switch off progress bars and warnings of the model libraries; called once where models are first used."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
