"""DRAG: the target answers over many documents, after demonstrations with documents of their own."""

from engine.method import MethodSpec, run_in
from engine.methods.drag.config import DragConfig

METHOD = MethodSpec(
    name="drag",
    title="DRAG",
    help="the target answers over many documents, after answered questions with documents of their own.",
    paper="arXiv:2410.04343",
    lossless=True,
    config=DragConfig,
    run=run_in(__name__),
    workspace="scaling",
)
