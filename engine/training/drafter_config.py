"""The settings of a drafter's training; the form and the command line are built from them.

* imports neither Qt nor torch."""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from engine.settings import ChatChoice

ObjectiveName: TypeAlias = Literal["forward-kl", "reverse-kl", "total-variation", "cross-entropy"]
OBJECTIVES: tuple[ObjectiveName, ...] = ("forward-kl", "reverse-kl", "total-variation", "cross-entropy")

# Where the first weights come from. auto: own layers of a deep target where they make a cheap drafter, else new ones.
# longspec: new ones of a block over the target's last keys and values.
StartName: TypeAlias = Literal["auto", "own-layers", "new", "longspec", "folder"]
ChosenStart: TypeAlias = Literal["own-layers", "new", "longspec", "folder"]
STARTS: tuple[StartName, ...] = ("auto", "own-layers", "new", "longspec", "folder")
# The settings that only a LongSpec drafter has.
OF_LONGSPEC = ("window", "add_text", "anchor_offset", "noisy", "long_share")

# How a form shows 0.
_AUTO = {"zero": "auto"}
# And the decimal places it needs for a rate.
_AUTO_RATE = {**_AUTO, "decimals": "8"}


class DrafterConfig(msgspec.Struct, frozen=True):
    """How a drafter is trained. steps: 0 fits them to the minutes. start_folder: of the model to start from, where
    `start` is folder."""

    objective: Annotated[
        ObjectiveName,
        Meta(
            title="Objective",
            description="what training lowers: the drafter's distance from the target's distribution (forward-kl, "
            "reverse-kl, total-variation), or cross-entropy on the text alone",
        ),
    ] = "forward-kl"
    minutes: Annotated[
        float, Meta(gt=0, le=10_000, title="Time in minutes", description="time for training, measuring it included")
    ] = 10.0
    layers: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            title="Layers",
            description="each costs drafting time; 0 fits them to the target",
            extra_json_schema=_AUTO,
        ),
    ] = 0
    width: Annotated[
        int,
        Meta(
            ge=0,
            le=8192,
            title="Width",
            description="numbers a token, a multiple of 32; 0 fits the target",
            extra_json_schema=_AUTO,
        ),
    ] = 0
    sample: Annotated[
        int,
        Meta(ge=0, le=10_000_000, title="Tokens to sample", description="text to add, written by the target itself"),
    ] = 0
    gamma: Annotated[
        int, Meta(ge=1, le=64, title="Draft length γ", description="tokens a round where the speedup is measured")
    ] = 4
    patience: Annotated[
        int,
        Meta(ge=1, le=1000, title="Patience", description="looks without a better α after which training ends early"),
    ] = 8
    seed: Annotated[int, Meta(ge=0, le=2**53, title="Seed", description="same seed and steps, same drafter")] = 0
    embed: Annotated[bool, Meta(title="Begin with the target's embeddings", description="needs the target's width")] = (
        False
    )
    steps: Annotated[
        int, Meta(ge=0, le=10_000_000, title="Steps", description="0 fits them to the minutes", extra_json_schema=_AUTO)
    ] = 0
    rate: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            title="Learning rate",
            description="at its peak; 0 fits the width",
            extra_json_schema=_AUTO_RATE,
        ),
    ] = 0.0
    start: Annotated[
        StartName,
        Meta(
            title="Start from",
            description="the drafter's first weights: some of the target's own layers, random ones, or those of a "
            "model in a folder; auto takes own layers of deep targets where they are cheap",
        ),
    ] = "auto"
    chat: Annotated[
        ChatChoice,
        Meta(
            title="Ask as chat",
            description="whether texts begin as questions through the target's chat template; auto: for instruct "
            "models",
        ),
    ] = "auto"
    start_folder: Annotated[
        str, Meta(title="Folder to start from", description="a smaller model with the target's tokenizer")
    ] = ""
    window: Annotated[
        int,
        Meta(ge=1, le=65_536, title="Window", description="earlier tokens that a LongSpec block attends to by itself"),
    ] = 512
    add_text: Annotated[
        bool, Meta(title="Add the text's loss", description="cross-entropy beside the distance from the target")
    ] = False
    anchor_offset: Annotated[
        bool,
        Meta(title="Anchor-offset positions", description="short texts stand at large positions, but for a few sinks"),
    ] = True
    noisy: Annotated[
        bool, Meta(title="Flash noisy training", description="the target's keys lag by 1 to 4 tokens, as in a draft")
    ] = True
    long_share: Annotated[
        float,
        Meta(ge=0, le=1, title="Long stage", description="share of the steps, the last ones, on long texts"),
    ] = 0.3
