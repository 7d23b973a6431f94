"""Tables about a drafter before its training: which of the target's own layers were tried, and what sizes cost.

* imports neither Qt nor torch."""

from itertools import groupby

from engine.events import LayersTried, TrainingEstimated


def choices(event: LayersTried) -> list[tuple[str, ...]]:
    """A row for each choice of the target's own layers."""
    rows: list[tuple[str, ...]] = [("own layers, untrained", "layers from 0", "alpha", "")]
    for choice in event.choices:
        is_taken = "taken" if choice.layers == event.taken else ""
        rows.append((choice.name, ranges(choice.layers), f"{choice.alpha:.3f}", is_taken))
    return rows


def sizes(event: TrainingEstimated) -> list[tuple[str, ...]]:
    """A row for each number of the target's own layers."""
    rows: list[tuple[str, ...]] = [("layers kept", "parameters", "c, timed", f"pays from alpha, draft {event.gamma}")]
    for option in event.sizes:
        least = "never" if option.break_even_alpha is None else f"{option.break_even_alpha:.2f}"
        rows.append((str(option.layers), f"{option.n_parameters / 1e6:.1f} M", f"{option.c:.2f}", least))
    return rows


def ranges(layers: tuple[int, ...]) -> str:
    """Layers in ascending order, neighbours together: 0-3, 7, 29."""
    runs = (
        [layer for _, layer in run]
        for _, run in groupby(enumerate(layers), key=lambda numbered: numbered[1] - numbered[0])
    )
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
