"""Who may know whom, held by looking at what an import really loads."""

import subprocess
import sys

import pytest

LIGHT = (
    "engine.hosts", "engine.answer_events", "engine.quiet", "engine.child", "engine.commands", "engine.training_events",
    "engine.scaling_events", "engine.evaluation_events",
    "engine.bench.hosted",
    "engine.events", "engine.summary", "engine.method", "engine.host", "engine.trace", "engine.errors", "engine.paths",
    "engine.speed_model", "engine.folders", "engine.methods", "engine.methods.speculative.config",
    "engine.cli.commands", "engine.prompts", "engine.world.corpus", "engine.training.drafter_config", "engine.gate",
    "engine.training.texts", "engine.cli.drafter", "engine.documents.encoder_folder", "engine.documents.sources",
    "engine.documents.readers", "engine.documents.feed",
    "engine.documents.chunking", "engine.documents.index", "engine.documents.building", "engine.documents.search",
    "engine.rag_events",
    "engine.rag.citing",
    "engine.methods.speculative_rag.config", "engine.methods.standard_rag.config", "engine.documents.partition",
    "engine.documents.projection", "engine.cli.rag_ask", "engine.cli.rag_eval", "engine.rag.questions",
    "engine.rag.datasets", "engine.rag.evaluation_file", "engine.rag.evaluation_figures",
    "engine.rag.evaluation_config", "engine.rag.held_out",
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
    found = loaded_by("engine.session", "engine.bench.decode", "engine.bench.losslessness", "engine.training.builtin")
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
