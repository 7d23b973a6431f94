"""Speculative RAG: drafts from subsets of the passages, the best chosen by the target; compared with standard RAG."""

from engine.method import MethodSpec, run_in
from engine.methods.speculative_rag.config import SpeculativeRagConfig

METHOD = MethodSpec(
    name="speculative_rag",
    title="Speculative RAG",
    help="drafts from subsets of the passages, the best one chosen by the target, beside standard RAG.",
    paper="arXiv:2407.08223",
    lossless=False,
    config=SpeculativeRagConfig,
    run=run_in(__name__),
    workspace="rag",
)
