"""The plan of a training: how many steps, at which learning rate and on which rows."""

import msgspec

from engine.training.rows import RowShape


class Stretch(msgspec.Struct, frozen=True):
    """A section of training, up to the share `until` of all steps, and the row shapes its steps cycle through."""

    until: float
    shapes: tuple[RowShape, ...]

    def wider(self, factor: int) -> "Stretch":
        """The same stretch with `factor` times the rows."""
        return Stretch(self.until, tuple(RowShape(factor * n_rows, length) for n_rows, length in self.shapes))


class TrainingPlan(msgspec.Struct, frozen=True):
    """How long and how fast to train: AdamW (0.9, 0.95), linear warm-up, then a share of the steps at the peak rate,
    then linear decay to a twentieth of it."""

    steps: int
    peak_rate: float
    stretches: tuple[Stretch, ...]
    hold: float = 0.0
    warmup: int = 100
    weight_decay: float = 0.1
    clip: float = 1.0
    save_every_s: float = 120.0

    def wider(self, factor: int) -> "TrainingPlan":
        """The same steps with `factor` times the rows."""
        return msgspec.structs.replace(self, stretches=tuple(stretch.wider(factor) for stretch in self.stretches))

    def shape(self, step: int) -> RowShape:
        """The row shape of a step."""
        share = step / self.steps
        shapes = next((s for s in self.stretches if share < s.until), self.stretches[-1]).shapes
        return shapes[step % len(shapes)]

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        if step < self.warmup:
            return self.peak_rate * (step + 1) / self.warmup
        hold_end = max(self.warmup, self.hold * self.steps)
        return self.peak_rate * (1.0 - 0.95 * max(0.0, step - hold_end) / max(1.0, self.steps - hold_end))
