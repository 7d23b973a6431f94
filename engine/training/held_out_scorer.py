"""Scores a drafter on held-out texts while it trains, and keeps the best one."""

from pathlib import Path

import torch
from torch import nn

from engine.machine import versions
from engine.training import early_stop
from engine.training.checkpoint import TrainingProgress
from engine.training.held_out import HeldOutTexts
from engine.training.longspec_student import published
from engine.training.pausing import Pause, no_pause
from engine.training.workplace import DrafterProvenance, TrainingStart, Workplace

_BEGINNING_SHARE = 1 / 3


class HeldOutScorer:
    """Scores the drafter and keeps the best one. patience: looks without a better score before training ends. pause:
    called after every held-out text."""

    name = "alpha"

    def __init__(
        self,
        model: nn.Module,
        held_out: HeldOutTexts,
        began: TrainingStart,
        place: Workplace,
        *,
        patience: int,
        pause: Pause = no_pause,
    ) -> None:
        self.every = began.every
        self._model = model
        self._held_out = held_out
        self._began = began
        self._place = place
        self._patience = patience
        self._pause = pause

    def score(self, progress: TrainingProgress) -> float:
        """Held-out greedy alpha; publishes the first drafter and every better one."""
        alpha = self._held_out.agreement(self._model, pause=self._pause).alpha
        if early_stop.is_best(progress.scores, alpha) or not self._place.published:
            device = next(self._model.parameters()).device
            self._place.publish(published(self._model), _provenance(self._began, progress, alpha, device))
        return alpha

    def enough(self, progress: TrainingProgress) -> bool:
        """Whether the last looks brought no better score; the beginning of training does not count."""
        past_beginning = progress.step >= _beginning_share(self._began) * self._began.steps
        return past_beginning and early_stop.enough(progress.scores, progress.losses, patience=self._patience)


def _beginning_share(began: TrainingStart) -> float:
    """The share of the steps after which scores count; where a long stage follows, a third of that belongs to it."""
    long_share = began.settings.long_share if began.start == "longspec" else 0.0
    return max(_BEGINNING_SHARE, 1.0 - long_share * (1.0 - _BEGINNING_SHARE)) if long_share else _BEGINNING_SHARE


def _provenance(
    began: TrainingStart, progress: TrainingProgress, alpha: float, device: torch.device
) -> DrafterProvenance:
    return DrafterProvenance(
        made_utc=versions.now_utc(),
        began=began,
        started_from=_first_weights(began),
        step=progress.step,
        n_tokens=progress.n_tokens,
        seconds=round(progress.seconds, 1),
        alpha=alpha,
        losses=progress.losses,
        scores=(*progress.scores, (progress.step, alpha)),
        versions=dict(versions.versions()),
        processor=versions.processor(device),
    )


def _first_weights(began: TrainingStart) -> str:
    if began.start == "own-layers":
        return f"the target's layers {', '.join(map(str, began.own_layers))}, counted from 0"
    if began.start == "folder" or (began.start == "longspec" and began.settings.start_folder):
        return f"the weights of {Path(began.settings.start_folder).name}"
    return "the target's embeddings" if began.settings.embed else "random weights"
