"""Questions, which an engine answers when nothing else is waiting.

* imports neither Qt nor torch."""

from collections.abc import Mapping
from typing import ClassVar

from engine.commands.order import QuestionOrder
from engine.commands.pairs import Load
from engine.commands.training import Train
from engine.events import (
    AllocationFitted,
    AllocationForm,
    AnswerMetric,
    Estimated,
    Event,
    ModelDescribed,
    ModelsListed,
    PairsOffered,
    PromptPreviewed,
    Setting,
    Surveyed,
    TextPart,
    TextRead,
    TrainingEstimated,
)
from engine.settings import Request


class Estimate(QuestionOrder, frozen=True, tag=True):
    """Estimate what loading a pair would take, without loading it."""

    last: ClassVar[tuple[type[Event], ...]] = (Estimated,)

    pair: Load


class Survey(QuestionOrder, frozen=True, tag=True):
    """List the models there are and which can serve with a target; `known` are further folders to look at."""

    last: ClassVar[tuple[type[Event], ...]] = (Surveyed,)

    target: str
    known: tuple[str, ...] = ()
    device: str = "auto"
    dtype: str = "auto"


class EstimateTraining(QuestionOrder, frozen=True, tag=True):
    """Estimate what training a drafter would take, without loading anything."""

    last: ClassVar[tuple[type[Event], ...]] = (TrainingEstimated,)

    training: Train


class LookUpModel(QuestionOrder, frozen=True, tag=True):
    """Ask a hub what downloading a model would bring; the only question that uses the network."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelDescribed,)

    spec: str
    revision: str = "main"


class OfferPairs(QuestionOrder, frozen=True, tag=True):
    """List pairs whose models fit each other, and whether they fit this machine."""

    last: ClassVar[tuple[type[Event], ...]] = (PairsOffered,)

    device: str = "auto"
    dtype: str = "auto"


class ListModels(QuestionOrder, frozen=True, tag=True):
    """List the models in the hub's cache, as what each can be loaded, and what GGUF files were converted into."""

    last: ClassVar[tuple[type[Event], ...]] = (ModelsListed,)


class PreviewPrompt(QuestionOrder, frozen=True, tag=True):
    """Write a prompt as the loaded target would read it, without running anything. settings: those of ChatConfig;
    serial: told apart by it, since the prompt may be long."""

    last: ClassVar[tuple[type[Event], ...]] = (PromptPreviewed,)

    request: Request
    settings: Mapping[str, Setting]
    serial: int = 0


class ReadText(QuestionOrder, frozen=True, tag=True):
    """Read a file, or some of its pages, as a prompt of the loaded target. text, pages, part: as in MeasureLengths;
    length: tokens at most, 0 for as many as leave room for `n_new`. serial: told apart by it."""

    last: ClassVar[tuple[type[Event], ...]] = (TextRead,)

    text: str
    pages: str = ""
    part: TextPart = "start"
    length: int = 0
    n_new: int = 128
    serial: int = 0


class FitAllocation(QuestionOrder, frozen=True, tag=True):
    """Fit the allocation model to a sweep. sweep: its file; empty: the newest of the loaded target, or of all."""

    last: ClassVar[tuple[type[Event], ...]] = (AllocationFitted,)

    sweep: str = ""
    form: AllocationForm = "paper"
    metric: AnswerMetric = "accuracy"
