"""IterDRAG: the target asks itself follow-up questions, and each retrieves documents of its own."""

from engine.method import MethodSpec, run_in
from engine.methods.iterdrag.config import IterDragConfig

METHOD = MethodSpec(
    name="iterdrag",
    title="IterDRAG",
    help="the target asks itself follow-up questions, reads what is retrieved for each, and answers in the end.",
    paper="arXiv:2410.04343",
    lossless=True,
    config=IterDragConfig,
    run=run_in(__name__),
    workspace="scaling",
)
