"""Runs an escalation over an index, and beside its last answer what that is compared with."""

from collections.abc import Iterator

import msgspec

from engine.documents.index import open_index
from engine.documents.sources import SHIPPED
from engine.events import Event, RunFinished
from engine.machine import paths
from engine.methods.drag.answering import asked
from engine.methods.drag.asking import ScalingContext
from engine.methods.drag.comparing import compared
from engine.methods.drag.config import DragConfig
from engine.methods.escalating.climbing import climb
from engine.methods.escalating.config import EscalatingConfig
from engine.methods.escalating.presets import bound_over_index
from engine.methods.iterdrag.answering import answered
from engine.methods.run_events import run_started
from engine.methods.speculative_rag.warming import warm
from engine.runtime import RunContext
from engine.settings import Request


def run(config: msgspec.Struct, request: Request, rt: RunContext) -> Iterator[Event]:
    """Yield the run's events. Raises InputError: an empty question, a budget below the question alone."""
    assert isinstance(config, EscalatingConfig)
    rt = rt.asking(config.chat)
    assert rt.documents is not None
    question = asked(request.prompt)
    yield run_started("escalating", config, request, rt.prompt_ids(request), rt)
    library = yield from rt.documents.open(config.index)
    context = ScalingContext(rt, library, rt.documents.memo)
    warm([rt.target], context.memo)
    index = open_index(paths.own_index([config.index]) if config.index in SHIPPED else config.index)
    n_question = len(rt.target.tokenizer(question, add_special_tokens=False)["input_ids"])
    bound = bound_over_index(index.head.recipe.chunk_tokens, n_question, config.max_new_tokens)
    taken = yield from climb(question, config, context, bound)

    def again(chosen: DragConfig, asking: ScalingContext) -> Iterator[Event]:
        return answered(question, chosen, asking)

    yield from compared(question, taken.result, taken.texts, again, taken.config, context)
    yield RunFinished("end_of_text", taken.result.output_tokens, at_s=rt.elapsed_s())
