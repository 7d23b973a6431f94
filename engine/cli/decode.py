"""`draftscope decode`: one prompt, one pair, with the measured baseline."""

from engine import methods
from engine.cli.following import follow
from engine.cli.kept_log import Saving
from engine.cli.options import (
    Json,
    NoSave,
    PairOptions,
    Prompt,
    PromptFile,
    Settings,
    Trace,
    read_request,
    with_options,
)
from engine.methods.plain.config import PlainConfig
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import make_config


@with_options(SpeculativeConfig)
def decode(
    *, pair: PairOptions, settings: Settings, prompt: Prompt = None, prompt_file: PromptFile = None,
    trace: Trace = None, no_save: NoSave = False, json: Json = False,
) -> int:  # fmt: skip
    """Continue one prompt, drafting and verifying, and compare with plain decoding."""
    request = read_request(prompt, prompt_file)
    make_config(SpeculativeConfig, settings)
    if pair.chosen_drafter() != "none":
        return follow(methods.find("speculative"), pair, settings, request, saving=Saving(no_save, trace), json=json)
    # Without a drafter this is plain decoding, which has fewer settings.
    plain_settings = {name: settings[name] for name in PlainConfig.__struct_fields__}
    return follow(methods.find("plain"), pair, plain_settings, request, saving=Saving(no_save, trace), json=json)
