"""Small to large: a question goes on to the next larger preset while the quality of its answer is below a threshold."""

from engine.method import MethodSpec, run_in
from engine.methods.escalating.config import EscalatingConfig

METHOD = MethodSpec(
    name="escalating",
    title="Small to large",
    help="few documents first; an answer that looks bad is asked again with the next preset. Not from the paper.",
    paper="",
    lossless=True,
    config=EscalatingConfig,
    run=run_in(__name__),
    workspace="scaling",
)
