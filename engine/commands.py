"""What can be asked of an engine, as values that go through a queue or a pipe; knows neither who asks nor who answers.

* imports neither Qt nor torch."""

from collections.abc import Mapping
from typing import ClassVar, TypeAlias

import msgspec

from engine.events import Setting
from engine.settings import Request


class _Order(msgspec.Struct, frozen=True):
    """What a command declares of itself, once, for everyone who hands it on.

    needs_pair: a pair must be in memory before it. can_be_held: Pause, Step and Resume act on it. patience_s: how long
    a stop may take before the process of the engine is ended: a training has a checkpoint to write, an evaluation
    figures to sum up."""

    needs_pair: ClassVar[bool] = False
    can_be_held: ClassVar[bool] = False
    patience_s: ClassVar[float] = 5.0


class Load(_Order, frozen=True, tag=True):
    """Load a pair; SPECs as in the commands."""

    target: str = "builtin"
    drafter: str = "builtin"
    device: str = "auto"
    drafter_device: str = "auto"
    dtype: str = "auto"
    runtime: str = "auto"
    quantize: str = "none"


class Unload(_Order, frozen=True, tag=True):
    """Release the models."""


class Run(_Order, frozen=True, tag=True):
    """Run a method on the loaded pair; paused: hold it after its first `n_free` rounds."""

    needs_pair: ClassVar[bool] = True
    can_be_held: ClassVar[bool] = True

    method: str
    settings: Mapping[str, Setting]
    request: Request
    paused: bool = False
    n_free: int = 0


class Fork(_Order, frozen=True, tag=True):
    """Go on from a token of an earlier run with other settings: `ids` are its prompt and tokens up to there."""

    needs_pair: ClassVar[bool] = True
    can_be_held: ClassVar[bool] = True

    method: str
    settings: Mapping[str, Setting]
    ids: tuple[int, ...]
    forked_from: str
    forked_at: int


class Train(_Order, frozen=True, tag=True):
    """Train a drafter for a target on the text in `data` (empty: none) into the folder `out`; `settings` are those of
    DrafterConfig."""

    can_be_held: ClassVar[bool] = True
    patience_s: ClassVar[float] = 30.0

    target: str
    data: str
    out: str
    settings: Mapping[str, Setting]
    device: str = "auto"
    dtype: str = "auto"
    resume: bool = False


class Index(_Order, frozen=True, tag=True):
    """Make the index of documents at `index`, or bring it up to date. sources: folders, files or `builtin`;
    chunk_tokens: of the target, 0 for as many as let `n` passages fit into its context."""

    sources: tuple[str, ...]
    index: str
    embedder: str = "builtin"
    target: str = "builtin"
    chunk_tokens: int = 0
    n: int = 10
    device: str = "auto"
    dtype: str = "auto"
    rebuild: bool = False


CONTEXTS = 64, 128, 256, 512


class Measure(_Order, frozen=True, tag=True):
    """Measure what the loaded pair costs: prompt lengths (those there is room for) and batch sizes at one draft length,
    draft lengths at the first prompt length; n_new: new tokens of every block."""

    needs_pair: ClassVar[bool] = True

    gamma: int
    contexts: tuple[int, ...] = CONTEXTS
    gammas: tuple[int, ...] = tuple(range(1, 9))
    batches: tuple[int, ...] = (1, 2, 4, 8)
    n_new: int = 64
    n_blocks: int = 5


class Evaluate(_Order, frozen=True, tag=True):
    """Ask the loaded pair questions with known answers. dataset: `builtin`, a fresh world, or a file of questions;
    index: of the documents, where these do not come with the questions. settings are those of SpeculativeRagConfig but
    for the seed, options those of EvaluationConfig."""

    needs_pair: ClassVar[bool] = True
    patience_s: ClassVar[float] = 30.0

    dataset: str
    settings: Mapping[str, Setting]
    options: Mapping[str, Setting]
    index: str = ""
    embedder: str = "builtin"


class Pause(_Order, frozen=True, tag=True):
    """Hold the run after the round under way, the training after its step."""


class Step(_Order, frozen=True, tag=True):
    """Let a held run make one round."""


class Resume(_Order, frozen=True, tag=True):
    """Let a held run or training go on."""


class Estimate(_Order, frozen=True, tag=True):
    """Say what loading a pair would take; loads nothing."""

    pair: Load


class Survey(_Order, frozen=True, tag=True):
    """Say which models there are and which can serve beside a target; `known` are folders to look at as well."""

    target: str
    known: tuple[str, ...] = ()
    device: str = "auto"
    dtype: str = "auto"


class EstimateTraining(_Order, frozen=True, tag=True):
    """Say what training a drafter would take; loads nothing."""

    training: Train


Question: TypeAlias = Estimate | Survey | EstimateTraining
Command: TypeAlias = Load | Unload | Run | Fork | Train | Index | Measure | Evaluate | Pause | Step | Resume | Question


def name_of(command: Command) -> str:
    """A command's name, as refusals give it."""
    return type(command).__name__.lower()
