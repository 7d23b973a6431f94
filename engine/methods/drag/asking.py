"""Bundles what DRAG and IterDRAG answer a question with."""

from typing import NamedTuple

from engine.rag.library import Library
from engine.rag.memo import Memo
from engine.runtime import RunContext


class ScalingContext(NamedTuple):
    """What a question is answered with. library: has its documents; memo: what earlier questions retrieved.

    Demonstrations come from `rt.documents`."""

    rt: RunContext
    library: Library
    memo: Memo
