"""What is done around decoding, on the stand-in of a GPU: embedding, training, timing pairs, whole answers."""

from pathlib import Path
from threading import Event as Flag

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import _disable_current_modes

from engine.commands import Load
from engine.decoding.drafting import Drafter
from engine.documents import embedding
from engine.documents.embedding import Embedder
from engine.events import QuestionAnswered
from engine.methods.speculative_rag.answering import Outcome, answer
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.standard_rag.asking import AnswerContext
from engine.models import timing_pairs, timing_shapes
from engine.models.loading import LoadedModel
from engine.rag.memo import Memo
from engine.runtime import RunContext
from engine.session.session import Session
from engine.training import objectives
from engine.training.loop import StepPace, train_in_memory
from engine.training.plan import Stretch, TrainingPlan
from engine.training.rows import RowShape, TrainingBatch
from tests import encoders
from tests.fake_cuda import kinds
from tests.fake_cuda.backward import backward
from tests.fake_cuda.fixture import sizes, watch
from tests.fake_cuda.stand_ins import without_kernels
from tests.fake_cuda.watch import Watch, real
from tests.library import QUESTION, FakeLibrary

__all__ = ["sizes", "watch"]

GPU = torch.device("cuda:0")


def test_embedding_waits_once_a_batch(watch: Watch, tmp_path: Path) -> None:
    texts = ["salt sea ship", "lamp ship sea salt lamp", ""]
    *_, made = embedding.load(str(encoders.save(tmp_path / "encoder")), device="cpu")
    assert isinstance(made, Embedder)
    expected = made.embed_all(texts).vectors
    with watch.on():
        with _disable_current_modes():
            *_, other = embedding.load(str(tmp_path / "encoder"), device="cpu")
            assert isinstance(other, Embedder)
            kinds.moved(other._model, watch, GPU)
        there = Embedder(other._model, other.description._replace(device="cuda:0"))
        watch.clear()
        found, _ = Embedder._encode.__wrapped__(there, texts, "document")  # type: ignore[attr-defined]
    assert found == pytest.approx(expected, abs=1e-5)
    assert watch.ops
    assert not (watch.unmarked or watch.uploads or watch.faults)
    assert sum(watch.waits.values()) == 1


STEPS = TrainingPlan(steps=3, peak_rate=1e-2, stretches=(Stretch(1.0, (RowShape(2, 8),)),), warmup=1)


def trained(model: nn.Module) -> dict[str, torch.Tensor]:
    """The weights after a few steps."""

    def batch(step: int, shape: RowShape) -> TrainingBatch:
        ids = torch.arange(step, step + shape.n_rows * shape.length).view(shape.n_rows, shape.length)
        return TrainingBatch(ids, torch.ones(ids.shape))

    def loss(one: TrainingBatch) -> torch.Tensor:
        return objectives.next_token_loss(model(input_ids=one.ids, use_cache=False).logits, one)

    assert list(train_in_memory(model, batch, loss, STEPS, StepPace(torch.float32, n_rows_at_once=1))) == [1, 2, 3]
    return {name: real(weight) for name, weight in model.named_parameters()}


def test_training_waits_for_its_losses_and_one_norm_a_step(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    without_kernels(monkeypatch)
    expected = trained(kinds.loaded(None, "llama", "cpu", torch.float32, "modules").model.requires_grad_(True))
    monkeypatch.setattr(torch.Tensor, "backward", backward)
    with watch.on(), torch.enable_grad():
        model = kinds.loaded(watch, "llama", "cuda:0", torch.float32, "modules").model.requires_grad_(True)
        watch.clear()
        found = trained(model)
    assert not (watch.unmarked or watch.uploads or watch.faults)
    assert sum(watch.waits.values()) == STEPS.steps * (2 + 1)  # two parts, one norm
    assert found.keys() == expected.keys()
    for name, weight in expected.items():
        torch.testing.assert_close(found[name], weight, atol=1e-4, rtol=1e-3)


def test_making_a_timing_pair_waits_for_nothing_and_holds_each_weight_once(
    sizes: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nn.Module, "to_empty", kinds.emptied)
    timing = timing_shapes.parse("timing:qwen2.5-0.5b@0.8", drafter=True)
    with sizes.on():
        model = timing_pairs.made_model.__wrapped__(timing, GPU, torch.bfloat16)  # type: ignore[attr-defined]
        torch.zeros(1, device=GPU)
    n_bytes = 2 * sum(weight.numel() for weight in {id(one): one for one in model.parameters()}.values())
    assert all(weight.device == GPU for weight in model.state_dict().values())
    assert not (sizes.unmarked or sizes.uploads or sizes.faults or sizes.waits)
    # The table of transitions, and some thousand rows in float32 while they are drawn.
    assert n_bytes <= sizes.peak["cuda:0"] < n_bytes + 120 * 2**20


def rag_desk(target: LoadedModel, drafter: LoadedModel) -> AnswerContext:
    runtime = RunContext(target, drafter_of(target, drafter), "builtin:rag", cancelled=Flag())
    return AnswerContext(runtime, drafter, FakeLibrary(), Memo())


def drafter_of(target: LoadedModel, drafter: LoadedModel) -> Drafter:
    spec = next(one for one in kinds.drafter_specs().values() if one is not None and one.needs_model)
    return spec.build(spec.example, target, drafter)


def asked(context: AnswerContext) -> Outcome:
    config = SpeculativeRagConfig(n=6, m=2, max_new_tokens=12, gamma=3)
    *_, last = answer(QUESTION, config, context)
    assert isinstance(last, Outcome)
    return last


def told(outcome: Outcome) -> list[tuple[str, str]]:
    return [(one.system, one.answer) for one in outcome.answers if isinstance(one, QuestionAnswered)]


def test_a_question_is_answered_as_on_a_cpu_and_waits_where_it_says_so(watch: Watch) -> None:
    session = Session()
    list(session.do(Load("builtin", "builtin:rag", device="cpu", runtime="modules")))
    assert session.models is not None and session.models.drafter is not None
    pair = (session.models.target, session.models.drafter)
    with torch.inference_mode():
        expected = asked(rag_desk(*pair))
    with watch.on():
        context = rag_desk(*(kinds.moved_whole(one, watch, "cuda:0") for one in pair))
        watch.clear()
        found = asked(context)
    assert told(found) == told(expected)
    assert [draft.ids for draft in found.drafts] == [draft.ids for draft in expected.drafts]
    assert not (watch.unmarked or watch.uploads or watch.faults)
