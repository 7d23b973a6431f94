"""Standard RAG: the target answers over all retrieved passages, plain and with token-level speculation."""

from engine.method import MethodSpec, run_in
from engine.methods.standard_rag.config import StandardRagConfig

METHOD = MethodSpec(
    name="standard_rag",
    title="Standard RAG",
    help="the target reads all passages found and answers.",
    paper="arXiv:2005.11401",
    lossless=True,
    config=StandardRagConfig,
    run=run_in(__name__),
    drafted=False,
    workspace="rag",
)
