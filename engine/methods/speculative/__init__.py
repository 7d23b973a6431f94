"""Exact speculative decoding, measured against plain decoding in the same run."""

from engine.method import MethodSpec
from engine.methods.speculative.config import SpeculativeConfig
from engine.methods.speculative.run import run

METHOD = MethodSpec(
    name="speculative",
    title="Speculative decoding",
    paper="arXiv:2211.17192",
    lossless=True,
    config=SpeculativeConfig,
    run=run,
)
