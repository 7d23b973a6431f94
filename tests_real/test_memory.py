"""The memory that was estimated before a load is what the load takes."""

import gc

import psutil
import pytest

from engine.commands import Estimate, Load
from engine.events import Estimated, ModelLoaded
from engine.session.session import Session
from tests_real.figures import Figures


@pytest.mark.parametrize("name", ["smollm2", "gemma3"])
def test_weights_take_what_was_estimated(name: str, request: pytest.FixtureRequest, figures: Figures) -> None:
    model = request.getfixturevalue(name)
    command = Load(str(model.file), "lookup", device="cpu")
    session = Session()
    (estimate,) = session.do(Estimate(command))
    assert isinstance(estimate, Estimated) and not estimate.why_not
    gc.collect()
    before = psutil.Process().memory_info().rss
    *_, loaded = session.do(command)
    assert isinstance(loaded, ModelLoaded)
    grown = psutil.Process().memory_info().rss - before
    figures.add(
        f"memory, {name}", estimated_weights_mb=estimate.weights_bytes / 1e6,
        estimated_copies_mb=estimate.packed_bytes / 1e6, held_weights_mb=loaded.weights_bytes / 1e6,
        process_grew_by_mb=grown / 1e6,
    )  # fmt: skip
    assert loaded.weights_bytes == pytest.approx(estimate.weights_bytes, rel=0.02)
    needed = estimate.weights_bytes + estimate.work_bytes + estimate.packed_bytes
    assert grown < 1.2 * needed + 300e6, "the tokenizer and what is computed at load come on top"
