"""One question asked of all systems, those of scaling among them where that is asked for."""

from threading import Event as Flag

import pytest
import torch

from engine.commands import Load
from engine.evaluation.examining import examine
from engine.evaluation.file import Grid, QuestionLine
from engine.evaluation.questions import GoldQuestion
from engine.evaluation.turns import ScalingSystems
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.standard_rag.asking import AnswerContext
from engine.rag.memo import Memo
from engine.session.session import Session
from tests.library import FakeLibrary
from tests.scaling import ANSWER, BRIDGE, context

CONFIG = SpeculativeRagConfig(n=3, m=1, max_new_tokens=24, conditioning="stored")
GOLD = GoldQuestion("q", "bridge", BRIDGE, (f"the river {ANSWER}", ANSWER))


@pytest.fixture(scope="module")
def line() -> QuestionLine:
    made = Session()
    list(made.do(Load("builtin", "builtin:rag", device="cpu")))
    rt = made.context(Flag())
    assert rt.documents is not None and rt.documents.drafter is not None
    pooled = context().rt.documents
    assert pooled is not None
    rt.documents = rt.documents._replace(pool=pooled.pool)
    asked = AnswerContext(rt, rt.documents.drafter, FakeLibrary(), Memo())
    with torch.inference_mode():
        return examine(GOLD, CONFIG, asked, turn=0, grid=Grid(), scaling=ScalingSystems(1, 3, "builtin"))


def test_every_system_is_on_one_line_with_what_it_read(line: QuestionLine) -> None:
    assert {"speculative_rag", "standard_rag", "zero_shot", "many_shot", "drag", "iterdrag"} <= set(line.systems)
    assert line.why == "" and list(line.systems)[-5:] == [
        "zero_shot",
        "many_shot",
        "drag",
        "iterdrag",
        "iterdrag_popular",
    ]
    n_read = {name: answer.effective_context for name, answer in line.systems.items()}
    assert n_read["zero_shot"] < n_read["many_shot"] < n_read["drag"] < n_read["iterdrag"]
    assert all(answer.right is (ANSWER in (answer.answer or "")) for answer in line.systems.values())
    assert line.systems["iterdrag"].n_iterations >= 1 and line.systems["iterdrag"].cached_tokens > 0
    assert line.systems["iterdrag_popular"].effective_context > n_read["zero_shot"]
    assert line.systems["zero_shot"].retrieving_ms == 0.0 < line.systems["drag"].retrieving_ms
