"""The combinations of documents k, demonstrations m and iterations n that are swept or considered.

* imports neither Qt nor torch. Source: arXiv:2410.04343, section 5 and appendix F."""

from collections.abc import Iterable, Sequence
from itertools import product

from engine.errors import InputError
from engine.events import Allocation

# The values that the paper tries.
PAPER_KS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
PAPER_MS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
PAPER_NS = (1, 2, 3, 4, 5)
# The cells that say what the first document and the first demonstration bring; no fit can do without them.
NOTHING, ONE_DOCUMENT, ONE_DEMONSTRATION = Allocation(0, 0, 1), Allocation(1, 0, 1), Allocation(0, 1, 1)
REFERENCE = (NOTHING, ONE_DOCUMENT, ONE_DEMONSTRATION)
_MOST_CELLS = 500


def cells_of(ks: Sequence[int], ms: Sequence[int], ns: Sequence[int]) -> tuple[Allocation, ...]:
    """Every combination, and the reference cells, from the fewest documents on.

    Left out is iterating without documents, since an iteration is there to retrieve. Raises InputError: a number out of
    its bounds, too many cells."""
    for name, values, least, most in (("k", ks, 0, 1000), ("m", ms, 0, 256), ("n", ns, 1, 20)):
        if not values:
            raise InputError(f"no {name} is given", f"write for instance --{name} 1,2")
        for value in values:
            if not least <= value <= most:
                raise InputError(f"{name} = {value}: must be {least} to {most}", "choose a number within the bounds")
    cells = {Allocation(k, m, n) for k, m, n in product(ks, ms, ns) if k or n == 1} | set(REFERENCE)
    if len(cells) > _MOST_CELLS:
        raise InputError(f"{len(cells):,} combinations, more than {_MOST_CELLS}", "leave out some values of k, m or n")
    return tuple(sorted(cells, key=lambda cell: (cell.n, cell.m, cell.k)))


def refuse_no_time(minutes: float | None) -> None:
    """Raises InputError for a budget of time in which nothing can be done."""
    if minutes is not None and not 0 < minutes <= 1e6:
        raise InputError(f"minutes = {minutes:g}: must be > 0, at most a million", "leave it out for no limit")


def neighbourhood(measured: Iterable[Allocation]) -> tuple[Allocation, ...]:
    """The cells that a fit predicts: all within the measured ranges, and one step of the paper's grid beyond each."""
    cells = tuple(measured)
    ks = _with_next({cell.k for cell in cells}, PAPER_KS)
    ms = _with_next({cell.m for cell in cells}, PAPER_MS)
    ns = _with_next({cell.n for cell in cells}, PAPER_NS)
    grid = (Allocation(k, m, n) for n, m, k in product(ns, ms, ks) if k or n == 1)
    return tuple(dict.fromkeys((*cells, *grid)))


def _with_next(values: set[int], usual: Sequence[int]) -> list[int]:
    """The values, the usual ones between them, and the first usual one beyond."""
    within = [value for value in usual if min(values) <= value <= max(values)]
    beyond = [value for value in usual if value > max(values)][:1]
    return sorted({*values, *within, *beyond})


def beyond(cell: Allocation, measured: Iterable[Allocation]) -> str:
    """In what a cell lies outside the ranges that were measured, in words; empty if in nothing."""
    cells = tuple(measured)
    parts = []
    for name, value, values in (
        ("documents", cell.k, [other.k for other in cells]),
        ("demonstrations", cell.m, [other.m for other in cells]),
        ("iterations", cell.n, [other.n for other in cells]),
    ):
        if not min(values) <= value <= max(values):
            parts.append(f"{value:,} {name}, measured {min(values):,} to {max(values):,}")
    return "; ".join(parts)
