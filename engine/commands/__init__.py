"""The commands that an engine accepts, as values that travel through a queue or a pipe; import them from here.

* imports neither Qt nor torch."""

from typing import TypeAlias

from engine.commands.documents import Evaluate, Index, SweepAllocations
from engine.commands.hub import GetModel, RemoveModel
from engine.commands.measuring import CONTEXTS, LENGTHS, Compare, Measure, MeasureLengths, MeasureThresholds, Race
from engine.commands.order import Order, OwnModels
from engine.commands.pairs import Fork, Load, Pause, Resume, Run, Step, Unload
from engine.commands.questions import (
    Estimate,
    EstimateTraining,
    FitAllocation,
    ListModels,
    LookUpModel,
    OfferPairs,
    PreviewPrompt,
    ReadText,
    Survey,
)
from engine.commands.training import CollectGateRows, Train, TrainGate

__all__ = [
    "CONTEXTS",
    "LENGTHS",
    "CollectGateRows",
    "Command",
    "Compare",
    "Estimate",
    "EstimateTraining",
    "Evaluate",
    "FitAllocation",
    "Fork",
    "GetModel",
    "Index",
    "ListModels",
    "Load",
    "LookUpModel",
    "Measure",
    "MeasureLengths",
    "MeasureThresholds",
    "OfferPairs",
    "Order",
    "OwnModels",
    "Pause",
    "PreviewPrompt",
    "Question",
    "Race",
    "ReadText",
    "RemoveModel",
    "Resume",
    "Run",
    "Step",
    "Survey",
    "SweepAllocations",
    "Train",
    "TrainGate",
    "Unload",
]

Question: TypeAlias = (
    Estimate
    | Survey
    | EstimateTraining
    | LookUpModel
    | OfferPairs
    | ListModels
    | PreviewPrompt
    | ReadText
    | FitAllocation
)
Command: TypeAlias = (
    Load
    | Unload
    | Run
    | Fork
    | Train
    | Index
    | Measure
    | MeasureLengths
    | Evaluate
    | SweepAllocations
    | Compare
    | Race
    | CollectGateRows
    | TrainGate
    | MeasureThresholds
    | GetModel
    | RemoveModel
    | Pause
    | Step
    | Resume
    | Question
)
