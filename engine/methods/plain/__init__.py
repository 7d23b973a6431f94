"""Plain decoding: the same engine without a drafter."""

from engine.method import MethodSpec
from engine.methods.plain.config import PlainConfig
from engine.methods.plain.run import run

METHOD = MethodSpec(
    name="plain", title="Plain decoding", paper="", lossless=True, config=PlainConfig, run=run, drafted=False
)
