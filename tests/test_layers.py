"""Who may know whom, held by looking at what an import really loads."""

import subprocess
import sys

import pytest

LIGHT = (
    "engine.host.chosen_host", "engine.events.answers", "engine.machine.quiet", "engine.host.child", "engine.commands", "engine.events.training",
    "engine.events.scaling", "engine.events.evaluation",
    "engine.bench.hosted",
    "engine.events", "engine.runs.summary", "engine.method", "engine.host.thread_host", "engine.runs.trace", "engine.errors", "engine.machine.paths",
    "engine.speed_model", "engine.models.checkpoint_folder", "engine.methods", "engine.methods.speculative.config",
    "engine.cli.commands", "engine.prompts", "engine.world.corpus", "engine.training.drafter_config", "engine.host.pause_gate",
    "engine.training.texts", "engine.cli.drafter", "engine.documents.encoder_folder", "engine.documents.sources",
    "engine.documents.readers", "engine.documents.feed",
    "engine.documents.chunking", "engine.documents.index", "engine.documents.building", "engine.documents.search",
    "engine.events.documents",
    "engine.methods.speculative_rag.citing",
    "engine.methods.speculative_rag.config", "engine.methods.standard_rag.config", "engine.documents.partition",
    "engine.documents.projection", "engine.cli.rag_ask", "engine.cli.rag_eval", "engine.evaluation.questions",
    "engine.evaluation.datasets", "engine.evaluation.file", "engine.evaluation.figures",
    "engine.evaluation.config", "engine.evaluation.held_out",
)  # fmt: skip
INDEX = {"lancedb", "pyarrow", "pypdf"}
HEAVY = {"torch", "transformers", "PySide6", "pyqtgraph", "sentence_transformers", *INDEX}
QT = {"PySide6", "pyqtgraph", "superqt"}


def loaded_by(*modules: str) -> set[str]:
    code = f"import sys, {', '.join(modules)}; print(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(found.stdout.split())


def test_light_rooms_load_neither_qt_nor_torch() -> None:
    assert not loaded_by(*LIGHT) & HEAVY


def test_engine_loads_no_qt() -> None:
    found = loaded_by(
        "engine.session.session", "engine.bench.decode", "engine.bench.losslessness", "engine.training.builtin"
    )
    assert "torch" in found
    assert not found & QT
    assert not found & INDEX, "they are imported once an index is opened"


def test_window_loads_no_model_library() -> None:
    found = loaded_by("app.main_window")
    assert "PySide6" in found
    assert not found & {"torch", "transformers", "sentence_transformers", "lancedb", "pyarrow", "sklearn"}


@pytest.mark.parametrize("module", ["engine.drafters", "engine.methods"])
def test_discovery_finds_what_there_is(module: str) -> None:
    code = f"import {module} as m; print(len(m.discover()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) >= 2
