"""Approximate verification: a gate beside the drafter decides when the target is asked, and the text may differ."""

from engine.method import MethodSpec, Metric, run_in
from engine.methods.sprinter.config import SprinterConfig

METHOD = MethodSpec(
    name="sprinter",
    title="SPRINTER: approximate verification",
    help="a gate beside the drafter lets tokens through and asks the target only where it doubts; the text may differ "
    "from the target's.",
    paper="arXiv:2502.04557",
    lossless=False,
    config=SprinterConfig,
    run=run_in(__name__),
    metrics=(
        Metric("run length", "Run length", "tokens", "Drafted tokens before the target is asked; more is faster."),
        Metric(
            "wrong share", "Audited tokens that were wrong", "share",
            "Of the audited tokens, the share that the target would have rejected; near what the gate's training "
            "promised, the gate still fits.",
        ),
    ),
)  # fmt: skip
